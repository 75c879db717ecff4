#include <fmt/format.h>

#include <algorithm>

#include "base/escape.hpp"
#include "base/figures.hpp"
#include "reports/merge.hpp"

namespace vdsotrace {
namespace {

std::uint64_t calls_of(const AuditedMachine& machine, std::initializer_list<Route> routes) {
  std::uint64_t sum = 0;
  for (const Route route : routes) sum += machine.routes[static_cast<std::size_t>(route)];
  return sum;
}

std::string machines_text(const Audit& audit) {
  std::size_t width = 7;
  for (const AuditedMachine& machine : audit.machines)
    width = std::max(width, escaped_unless_printable(machine.name).size());
  std::string text = fmt::format("{:<{}}  {:>14} {:>14} {:>9} {:>7}  {:<12} {}\n", "machine", width, "user space",
                                 "kernel", "cost", "share", "clocksource", "kernel");
  for (const AuditedMachine& machine : audit.machines) {
    text += fmt::format("{:<{}}  {:>14} {:>14} {:>9} {:>5.1f} %  {:<12} {}\n", escaped_unless_printable(machine.name),
                        width, grouped(calls_of(machine, {Route::vdso})),
                        grouped(calls_of(machine, {Route::fallback, Route::syscall, Route::vsyscall})),
                        duration_text(machine.cost_ns), 100 * machine.share,
                        machine.clocksource.empty() ? "unknown" : escaped_unless_printable(machine.clocksource),
                        escaped_unless_printable(machine.kernel));
  }
  return text;
}

/// "all 3", or the busiest of them and how many there are.
std::string where_text(const Finding& finding, const Audit& audit, bool all) {
  if (finding.machines.size() == audit.machines.size() && !all)
    return audit.machines.size() == 1 ? audit.machines.front().name : fmt::format("all {}", audit.machines.size());
  std::vector<std::pair<std::string, MachineCalls>> machines(finding.machines.begin(), finding.machines.end());
  std::ranges::stable_sort(machines, std::ranges::greater(), [](const auto& machine) { return machine.second.count; });
  constexpr std::size_t kMostNames = 2;
  std::string text;
  for (std::size_t i = 0; i < machines.size() && (all || i < kMostNames); ++i) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", escaped_unless_printable(machines[i].first));
    if (all) text += fmt::format(" {}", grouped(machines[i].second.count));
  }
  if (!all && machines.size() > kMostNames) text += fmt::format(" and {} more", machines.size() - kMostNames);
  return text;
}

std::string calls_text(const Audit& audit, const AuditTextOptions& options) {
  if (audit.findings.empty()) return {};
  const std::size_t shown = std::min(audit.findings.size(), options.most_findings);
  std::size_t width = 4;
  for (std::size_t i = 0; i < shown; ++i) width = std::max(width, escaped(call_text(audit.findings[i].key)).size());
  std::string text = fmt::format("\n{:>14}  {:<8} {:>9} {:>9}  {:<{}}  {}\n", "calls", "route", "each", "all", "call",
                                 width, "machines");
  for (std::size_t i = 0; i < shown; ++i) {
    const Finding& finding = audit.findings[i];
    const bool priced = finding.cost_is != CostIs::unknown;
    text += fmt::format("{:>14}  {:<8} {:>9} {:>9}  {:<{}}  {}\n", grouped(finding.total.count),
                        name_of(finding.key.route), priced ? duration_text(finding.each_ns) : "-",
                        priced ? duration_text(finding.cost_ns) : "-", escaped(call_text(finding.key)), width,
                        where_text(finding, audit, options.all_advice));
  }
  if (audit.findings.size() > shown)
    text += fmt::format("{:>14}  and {} more kinds of call: --all shows them\n", "", audit.findings.size() - shown);
  return text;
}

std::string merged_advice_text(const Audit& audit, const AuditTextOptions& options) {
  std::string text;
  for (const Advice& advice : audit.advice) {
    if (options.all_advice || audit.matters(advice.total_ns))
      text += fmt::format("  * {} in all: {}\n", duration_text(advice.total_ns), escaped(advice.text));
  }
  return text.empty() ? text : "\nwhat to do (in the words of the machine where it is worth most)\n" + text;
}

}  // namespace

std::string merge_text(const Audit& audit, const AuditTextOptions& options) {
  std::string text = fmt::format("verdict      {}\n", audit.verdict.text);
  text += fmt::format("machines     {}\n", audit.machines.size());
  text += fmt::format("calls        {} that a vDSO can serve{}\n", grouped(audit.calls()),
                      audit.complete() ? "" : " (incomplete)");
  text += fmt::format("cost         {}, {} of it in calls that entered the kernel; user space could have saved {}\n",
                      duration_text(audit.cost_ns), duration_text(audit.kernel_ns), duration_text(audit.saved_ns));
  for (const std::string& notice : audit.notices.lines()) text += fmt::format("notice       {}\n", escaped(notice));
  return text + '\n' + machines_text(audit) + calls_text(audit, options) + merged_advice_text(audit, options);
}

}  // namespace vdsotrace
