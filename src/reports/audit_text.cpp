#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "audit/advice.hpp"
#include "base/escape.hpp"
#include "base/figures.hpp"
#include "output/palette.hpp"
#include "output/route_counts.hpp"
#include "reports/audit.hpp"

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
  text += fmt::format(", {:.2f} % of {}", 100 * audit.share(audit.cost_ns),
                      audit.run.cpu_ns > 0 ? "its processor time" : "the run");
  text += fmt::format(" ({})\n", cost_basis_text(audit));
  if (audit.kernel_ns > 0)
    text += fmt::format("             {} of it in calls that entered the kernel; user space could have saved {}\n",
                        duration_text(audit.kernel_ns), duration_text(audit.saved_ns));
  return text;
}

std::string callers_text(const Finding& finding, std::size_t most) {
  std::string text;
  const bool one_unknown = finding.callers.size() == 1 && !finding.callers.front().who.known();
  if (one_unknown) return text;
  std::uint64_t rest = 0;
  for (std::size_t i = 0; i < finding.callers.size(); ++i) {
    const CallerFinding& caller = finding.callers[i];
    if (i >= most) {
      rest += caller.total.count;
      continue;
    }
    text += fmt::format("{:>14}  {:<8} {:>9} {:>9}    by {}\n", grouped(caller.total.count), "", "", "",
                        escaped(caller_text(caller)));
  }
  if (rest > 0)
    text += fmt::format("{:>14}  {:<8} {:>9} {:>9}    by {} others\n", grouped(rest), "", "", "",
                        finding.callers.size() - most);
  return text;
}

/// How long the calls took, where that was measured.
std::string measured_text(const MeasuredCalls& calls) {
  std::string text = fmt::format("{:<39}median {}, p99 {}, longest {}", "", duration_text(calls.median),
                                 duration_text(calls.p99), duration_text(calls.longest));
  if (calls.interrupted > 0)
    text += fmt::format("; {} {} interrupted, {}", grouped(calls.interrupted),
                        calls.interrupted == 1 ? "call was" : "calls were", duration_text(calls.interrupted_ns));
  return text + '\n';
}

std::string finding_text(const Finding& finding, const AuditTextOptions& options) {
  const Palette palette(options.color);
  const bool priced = finding.cost_is != CostIs::unknown;
  std::string text = fmt::format("{:>14}  ", grouped(finding.total.count));
  palette.append(text, Palette::of(finding.key.route), fmt::format("{:<8}", name_of(finding.key.route)));
  text += fmt::format(" {:>9} {:>9}  ", priced ? duration_text(finding.each_ns) : "-",
                      priced ? duration_text(finding.cost_ns) : "-");
  palette.append(text, Palette::kName, escaped(call_text(finding.key)));
  if (finding.total.errors > 0) text += fmt::format("  {} failed", grouped(finding.total.errors));
  text += '\n';
  if (finding.measured) text += measured_text(*finding.measured);
  text += callers_text(finding, options.most_callers);
  if (!finding.why.empty()) text += fmt::format("{:<39}why: {}\n", "", escaped(finding.why));
  return text;
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
    text += fmt::format("  {}{} below 0.1 %: --all shows {}\n", left_out, text.empty() ? "" : " more",
                        left_out == 1 ? "it" : "them");
  const std::string allowed = options.seccomp ? seccomp_text(audit) : "";
  if (!allowed.empty()) text += fmt::format("  * {}\n", escaped(allowed));
  return text.empty() ? text : "\nwhat to do\n" + text;
}

}  // namespace

std::string audit_text(const Audit& audit, const AuditTextOptions& options) {
  std::string text = fmt::format("verdict      {}\n", audit.verdict.text) + head_text(audit) + cost_text(audit);
  if (!audit.findings.empty())
    text += fmt::format("\n{:>14}  {:<8} {:>9} {:>9}  {}\n", "calls", "route", "each", "all", "call");
  for (std::size_t i = 0; i < std::min(audit.findings.size(), options.most_findings); ++i)
    text += finding_text(audit.findings[i], options);
  if (audit.findings.size() > options.most_findings)
    text += fmt::format("{:>14}  and {} kinds of call more\n", "", audit.findings.size() - options.most_findings);
  return text + advice_text(audit, options);
}

}  // namespace vdsotrace
