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
#include "reports/audit.hpp"
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
  if (text.size() > kMost) text.replace(kMost, text.size() - kMost, "...");
  return text;
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

/// Its calls, route and call begin in these columns.
constexpr std::string_view kHead = "{:>9} {:>7} {:>9} {:>13}  ";

bool callers_are_known(const Finding& finding) {
  return finding.callers.size() != 1 || finding.callers.front().who.known();
}

std::size_t shown_callers(const Finding& finding, const AuditTextOptions& options) {
  return callers_are_known(finding) ? std::min(finding.callers.size(), options.most_callers) : 0;
}

std::string line_below(std::string_view count, std::string_view text) {
  return fmt::format(kHead, "", "", "", count) + std::string(text) + '\n';
}

std::string callers_text(const Finding& finding, const AuditTextOptions& options, const ModuleNames& modules) {
  std::string text;
  const std::size_t shown = shown_callers(finding, options);
  std::uint64_t rest = finding.total.count;
  for (std::size_t i = 0; i < shown; ++i) {
    const CallerFinding& caller = finding.callers[i];
    rest -= caller.total.count;
    // The only one made all of them.
    text += line_below(finding.callers.size() > 1 ? grouped(caller.total.count) : "",
                       "by " + escaped(caller_text(modules.named(caller))));
  }
  const std::size_t others = finding.callers.size() - shown;
  if (shown > 0 && others > 0)
    text += line_below(grouped(rest), fmt::format("by {} other caller{}", others, others == 1 ? "" : "s"));
  return text;
}

/// How long the calls took, where that was measured.
std::string measured_text(const MeasuredCalls& calls) {
  std::string text = fmt::format("median {}, p99 {}, longest {}", duration_text(calls.median), duration_text(calls.p99),
                                 duration_text(calls.longest));
  if (calls.interrupted > 0)
    text += fmt::format("; {} {} interrupted, {}", grouped(calls.interrupted),
                        calls.interrupted == 1 ? "call was" : "calls were", duration_text(calls.interrupted_ns));
  return line_below("", text);
}

std::string finding_text(const Audit& audit, const Finding& finding, const AuditTextOptions& options,
                         const ModuleNames& modules) {
  const Palette palette(options.color);
  const bool priced = finding.cost_is != CostIs::unknown;
  std::string text = fmt::format(kHead, priced ? duration_text(finding.cost_ns) : "-",
                                 priced ? percent_text(audit.share(finding.cost_ns)) : "-",
                                 priced ? duration_text(finding.each_ns) : "-", grouped(finding.total.count));
  palette.append(text, Palette::of(finding.key.route), fmt::format("{:<8}", name_of(finding.key.route)));
  text += "  ";
  palette.append(text, Palette::kName, escaped(call_text(finding.key)));
  if (finding.total.errors > 0) text += fmt::format("  {} failed", grouped(finding.total.errors));
  text += '\n';
  if (finding.measured) text += measured_text(*finding.measured);
  text += callers_text(finding, options, modules);
  if (!finding.why.empty()) text += line_below("", "why: " + escaped(finding.why));
  return text;
}

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
  ModuleNames modules;
  for (const Finding& finding : findings.first(shown)) {
    for (const CallerFinding& caller : std::span(finding.callers).first(shown_callers(finding, options))) {
      modules.add(caller.who.module);
      modules.add(caller.beyond.module);
    }
  }
  const bool measured = std::ranges::any_of(findings, [](const Finding& one) { return one.measured.has_value(); });
  std::string text = '\n' + fmt::format(kHead, "total", "share", measured ? "median" : "each", "calls") +
                     fmt::format("{:<8}  {}\n", "route", "call");
  for (const Finding& finding : findings.first(shown)) text += finding_text(audit, finding, options, modules);
  double rest_ns = 0;
  for (const Finding& finding : findings.subspan(shown)) rest_ns += finding.cost_ns;
  const std::size_t rest = findings.size() - shown;
  if (rest > 0)
    text += fmt::format("{:>9} in {} more kind{} of call: --all shows {}\n", duration_text(rest_ns), rest,
                        rest == 1 ? "" : "s", rest == 1 ? "it" : "them");
  return text + modules.legend();
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

/// Where the rest of a line goes on in the next one: below the text of an item, of a label, or of the line itself.
std::size_t indent_of(std::string_view line) {
  constexpr std::size_t kLabel = 13;
  if (line.starts_with("  * ")) return 4;
  return line.starts_with(' ') ? line.find_first_not_of(' ') : kLabel;
}

/// Lines with colours are of the table, and short.
std::string broken_lines(const std::string& text, std::size_t columns) {
  std::string broken;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    std::string line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t indent = indent_of(line);
    while (line.size() > columns && line.find('\x1b') == std::string::npos) {
      const std::size_t blank = line.rfind(' ', columns);
      if (blank == std::string::npos || blank <= indent) break;
      broken += line.substr(0, blank) + '\n';
      line.replace(0, blank + 1, indent, ' ');
    }
    broken += line + '\n';
  }
  return broken;
}

}  // namespace

std::string audit_text(const Audit& audit, const AuditTextOptions& options) {
  const std::string text = fmt::format("verdict      {}\n", audit.verdict.text) + head_text(audit) + cost_text(audit) +
                           table_text(audit, options) + advice_text(audit, options);
  return options.columns > 0 ? broken_lines(text, options.columns) : text;
}

}  // namespace vdsotrace
