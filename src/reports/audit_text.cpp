#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "audit/advice.hpp"
#include "base/escape.hpp"
#include "base/figures.hpp"
#include "base/path.hpp"
#include "output/palette.hpp"
#include "output/route_counts.hpp"
#include "output/wrap.hpp"
#include "reports/audit.hpp"
#include "reports/audit_lines.hpp"
#include "reports/call_paths.hpp"

namespace vdsotrace {
namespace {

std::string processes_text(const AuditedRun& run) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < run.pids.size(); ++i) {
    const std::int32_t inside = i < run.pids_inside.size() ? run.pids_inside[i] : 0;
    texts.push_back(inside != 0 ? fmt::format("{} ({} in its PID namespace)", run.pids[i], inside)
                                : std::to_string(run.pids[i]));
  }
  return fmt::format("process {}", fmt::join(texts, ", "));
}

std::string command_text(const AuditedRun& run) {
  if (run.command.empty()) return processes_text(run);
  std::string text;
  for (const std::string& word : run.command) {
    if (!text.empty()) text.push_back(' ');
    text.append(escaped(word));
  }
  constexpr std::size_t kMost = 100;
  return shortened(text, kMost);
}

std::string head_text(const Audit& audit) {
  const AuditedRun& run = audit.run;
  std::string cpu = cpu_text(audit);
  if (!cpu.empty()) cpu.insert(0, ", ");
  std::string text = fmt::format("program      {}\n", command_text(run));
  text += fmt::format(
      "run          {}{}; engine {}; Linux {}; clocksource {}\n", duration_text(static_cast<double>(run.wall_ns)), cpu,
      run.engine, run.kernel,
      audit.clocksources.empty() ? "unknown" : escaped(fmt::format("{}", fmt::join(audit.clocksources, ", then "))));
  RouteCounts counts{};
  for (std::size_t route = 0; route < kRoutes; ++route) counts[route] = audit.by_route[route].count;
  text += fmt::format("calls        {} that a vDSO can serve{}{}\n", grouped(audit.calls()),
                      audit.complete() ? "" : " (incomplete)", route_counts_text(counts, grouped));
  if (audit.lost > 0) text += fmt::format("lost         {} calls could not be recorded\n", grouped(audit.lost));
  for (const std::string& notice : audit.notices.lines()) text += fmt::format("notice       {}\n", escaped(notice));
  return text;
}

std::string cost_text(const Audit& audit) {
  std::string text =
      fmt::format("cost         {}{}", duration_text(audit.cost_ns), audit.complete() ? "" : " (incomplete)");
  text += fmt::format(", {} ({})\n", share_text(audit, audit.cost_ns), cost_basis_text(audit));
  if (audit.kernel_ns > 0)
    text += fmt::format(
        "             {} of it in calls that entered the kernel{}\n", duration_text(audit.kernel_ns),
        audit.saved_ns > 0 ? "; user space could have saved " + duration_text(audit.saved_ns) : std::string());
  return text;
}

/// Files by their names alone; those that share a name, by their paths.
class ModuleNames {
 public:
  void add(const std::string& path) {
    if (path.find('/') != std::string::npos) paths_[std::string(base_name(path))].insert(path);
  }

  CallerFinding named(CallerFinding caller) const {
    for (CallerKey* place : {&caller.who, &caller.beyond}) {
      const auto found = paths_.find(std::string(base_name(place->module)));
      if (found != paths_.end() && found->second.size() == 1) place->module = found->first;
    }
    return caller;
  }

  /// What the names stand for, each once.
  std::string legend() const {
    std::string text;
    for (const auto& [name, paths] : paths_) {
      if (paths.size() == 1) text += fmt::format("  {:<24} {}\n", escaped(name), escaped(*paths.begin()));
    }
    return text.empty() ? text : "\nmodules\n" + text;
  }

 private:
  std::map<std::string, std::set<std::string>> paths_;  ///< by name
};

/// What stands before a call's route, and how wide.
struct Head {
  std::string total, share, each, calls;
};
struct HeadWidths {
  std::size_t total = 9, share = 7, each = 9, calls = 13;

  std::size_t sum() const { return total + share + each + calls + 5; }
  void fit(const Head& head) {
    total = std::max(total, head.total.size());
    share = std::max(share, head.share.size());
    each = std::max(each, head.each.size());
    calls = std::max(calls, head.calls.size());
  }
  std::string text(const Head& head) const {
    return fmt::format("{:>{}} {:>{}} {:>{}} {:>{}}  ", head.total, total, head.share, share, head.each, each,
                       head.calls, calls);
  }
};

bool callers_are_known(const Finding& finding) {
  return finding.callers.size() != 1 || finding.callers.front().who.known();
}

std::size_t shown_callers(const Finding& finding, const AuditTextOptions& options) {
  return callers_are_known(finding) ? std::min(finding.callers.size(), options.most_callers) : 0;
}

/// The lines of the table: one for each call, with its callers below.
class CallLines {
 public:
  CallLines(const Audit& audit, std::span<const Finding> shown, const AuditTextOptions& options)
      : audit_(audit), shown_(shown), options_(options) {
    for (const Finding& finding : shown) {
      for (const CallerFinding& caller : std::span(finding.callers).first(shown_callers(finding, options))) {
        modules_.add(caller.who.module);
        modules_.add(caller.beyond.module);
      }
    }
    fit_widths();
  }

  std::string text(double rest_ns, std::size_t rest) const {
    std::string text = widths_.text(titles()) + fmt::format("{:<8}  {}\n", "route", "call");
    for (const Finding& finding : shown_) text += finding_text(finding);
    if (rest > 0) text += fmt::format("{:>{}} in {}\n", duration_text(rest_ns), widths_.total, left_out_text(rest));
    return wrapped(text, options_.style.columns, widths_.sum()) + wrapped(modules_.legend(), options_.style.columns, 4);
  }

 private:
  static constexpr std::size_t kRouteWidth = 10;

  Head titles() const {
    const bool measured =
        std::ranges::any_of(audit_.findings, [](const Finding& one) { return one.measured.has_value(); });
    return {"total", "share", measured ? "median" : "each", "calls"};
  }

  Head head_of(const Finding& finding) const {
    const bool priced = finding.cost_is != CostIs::unknown;
    return {priced ? duration_text(finding.cost_ns) : "-", priced ? percent_text(audit_.share(finding.cost_ns)) : "-",
            priced ? duration_text(finding.each_ns) : "-", grouped(finding.total.count)};
  }

  /// As wide as usual, or where a line would not fit so, as wide as what stands there.
  void fit_widths() {
    std::size_t longest = 0;
    for (const Finding& finding : shown_) longest = std::max(longest, escaped(call_text(finding.key)).size());
    if (options_.style.columns == 0 || widths_.sum() + kRouteWidth + longest <= options_.style.columns) return;
    widths_ = {0, 0, 0, 0};
    widths_.fit(titles());
    for (const Finding& finding : shown_) widths_.fit(head_of(finding));
  }

  std::string line_below(const std::string& count, std::string_view text) const {
    return widths_.text({"", "", "", count}).append(text) + '\n';
  }

  /// With names that fit a line.
  CallerFinding named(CallerFinding caller) const {
    constexpr std::size_t kAround = 12, kLeast = 24;  // "by " and "+0x1234"
    const std::size_t before = widths_.sum() + kAround, columns = options_.style.columns;
    for (CallerKey* place : {&caller.who, &caller.beyond}) {
      if (columns > 0) place->symbol = shortened(place->symbol, std::max(kLeast, columns - std::min(columns, before)));
    }
    return modules_.named(std::move(caller));
  }

  std::string callers_text(const Finding& finding) const {
    std::string text;
    const std::size_t shown = shown_callers(finding, options_);
    std::uint64_t rest = finding.total.count;
    for (std::size_t i = 0; i < shown; ++i) {
      const CallerFinding& caller = finding.callers[i];
      rest -= caller.total.count;
      // The only one made all of them.
      text += line_below(finding.callers.size() > 1 ? grouped(caller.total.count) : "",
                         "by " + escaped(caller_text(named(caller))));
    }
    const std::size_t others = finding.callers.size() - shown;
    if (shown > 0 && others > 0)
      text += line_below(grouped(rest), fmt::format("by {} other caller{}", others, others == 1 ? "" : "s"));
    return text;
  }

  /// How long the calls took, where that was measured.
  std::string measured_text(const MeasuredCalls& calls) const {
    std::string text = fmt::format("median {}, p99 {}, longest {}", duration_text(calls.median),
                                   duration_text(calls.p99), duration_text(calls.longest));
    if (calls.interrupted > 0)
      text += fmt::format("; {} {} interrupted, {}", grouped(calls.interrupted),
                          calls.interrupted == 1 ? "call was" : "calls were", duration_text(calls.interrupted_ns));
    return line_below("", text);
  }

  std::string finding_text(const Finding& finding) const {
    const Palette palette(options_.style.color);
    std::string text = widths_.text(head_of(finding));
    palette.append(text, Palette::of(finding.key.route), fmt::format("{:<8}", name_of(finding.key.route)));
    text += "  ";
    palette.append(text, Palette::kName, escaped(call_text(finding.key)));
    if (finding.total.errors > 0) text += fmt::format("  {} failed", grouped(finding.total.errors));
    text += '\n';
    if (finding.measured) text += measured_text(*finding.measured);
    text += callers_text(finding);
    if (!finding.why.empty()) text += line_below("", "why: " + escaped(finding.why));
    return text;
  }

  const Audit& audit_;
  std::span<const Finding> shown_;
  const AuditTextOptions& options_;
  ModuleNames modules_;
  HeadWidths widths_;
};

/// Those that are worth a look, but some in any case: findings are sorted by what they cost.
std::size_t shown_findings(const Audit& audit, const AuditTextOptions& options) {
  constexpr std::size_t kLeast = 5;
  std::size_t shown = 0;
  while (shown < std::min(audit.findings.size(), options.most_findings) &&
         (shown < kLeast || options.all_advice || audit.matters(audit.findings[shown].cost_ns)))
    ++shown;
  return shown;
}

std::string table_text(const Audit& audit, const AuditTextOptions& options) {
  if (audit.findings.empty()) return "";
  const std::size_t shown = shown_findings(audit, options);
  const std::span findings(audit.findings);
  double rest_ns = 0;
  for (const Finding& finding : findings.subspan(shown)) rest_ns += finding.cost_ns;
  return '\n' + CallLines(audit, findings.first(shown), options).text(rest_ns, findings.size() - shown);
}

std::string advice_text(const Audit& audit, const AuditTextOptions& options) {
  std::string text;
  std::size_t left_out = 0;
  for (const Advice& advice : audit.advice) {
    if (options.all_advice || audit.matters(advice.total_ns)) {
      text += fmt::format("  * {}\n", escaped(advice.text));
    } else {
      ++left_out;
    }
  }
  if (left_out > 0)
    text += fmt::format("  {}{} below {:g} %: --all shows {}\n", left_out, text.empty() ? "" : " more",
                        100 * audit.run.threshold, left_out == 1 ? "it" : "them");
  const std::string allowed = options.seccomp ? seccomp_text(audit) : "";
  if (!allowed.empty()) text += fmt::format("  * {}\n", escaped(allowed));
  return text.empty() ? text : "\nwhat to do\n" + text;
}

}  // namespace

std::string audit_text(const Audit& audit, const AuditTextOptions& options) {
  constexpr std::size_t kLabel = 13, kItem = 4;
  const std::size_t columns = options.style.columns;
  return wrapped(verdict_line(audit, Palette(options.style.color)) + head_text(audit) + cost_text(audit), columns,
                 kLabel) +
         table_text(audit, options) + wrapped(advice_text(audit, options), columns, kItem);
}

}  // namespace vdsotrace
