#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/escape.hpp"
#include "base/figures.hpp"
#include "output/palette.hpp"
#include "output/wrap.hpp"
#include "reports/audit_lines.hpp"
#include "reports/merge.hpp"

namespace vdsotrace {
namespace {

std::uint64_t calls_of(const AuditedMachine& machine, std::initializer_list<Route> routes) {
  std::uint64_t sum = 0;
  for (const Route route : routes) sum += machine.routes[static_cast<std::size_t>(route)];
  return sum;
}

constexpr std::size_t kCount = 14;  ///< the usual width of a column of numbers

/// As wide as the longest, where the table has to be narrow.
template <class Rows, class Number>
std::size_t count_width(const Rows& rows, std::string_view title, bool narrow, Number&& number) {
  if (!narrow) return kCount;
  std::size_t width = title.size();
  for (const auto& row : rows) width = std::max(width, grouped(number(row)).size());
  return width;
}

std::string machines_text(const Audit& audit, const TextStyle& style) {
  constexpr std::size_t kBesides = 81;  ///< all but the name
  std::size_t width = 7;
  for (const AuditedMachine& machine : audit.machines)
    width = std::max(width, escaped_unless_printable(machine.name).size());
  const bool narrow = style.columns > 0 && width + kBesides > style.columns;
  const auto fast = [](const AuditedMachine& machine) { return calls_of(machine, {Route::vdso}); };
  const auto slow = [](const AuditedMachine& machine) {
    return calls_of(machine, {Route::fallback, Route::syscall, Route::vsyscall});
  };
  const std::size_t fast_width = count_width(audit.machines, "user space", narrow, fast);
  const std::size_t slow_width = count_width(audit.machines, "kernel", narrow, slow);
  std::string text = fmt::format("{:<{}}  {:>{}} {:>{}} {:>9} {:>7}  {:<12} {}\n", "machine", width, "user space",
                                 fast_width, "kernel", slow_width, "cost", "share", "clocksource", "kernel");
  for (const AuditedMachine& machine : audit.machines) {
    text += fmt::format("{:<{}}  {:>{}} {:>{}} {:>9} {:>5.1f} %  {:<12} {}\n", escaped_unless_printable(machine.name),
                        width, grouped(fast(machine)), fast_width, grouped(slow(machine)), slow_width,
                        duration_text(machine.cost_ns), 100 * machine.share,
                        machine.clocksource.empty() ? "unknown" : escaped_unless_printable(machine.clocksource),
                        escaped_unless_printable(machine.kernel));
  }
  return wrapped(text, style.columns, 4);
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

/// The calls with the machines that made them: beside each, or where that would not fit, below.
class CallsTable {
 public:
  CallsTable(const Audit& audit, const AuditTextOptions& options)
      : audit_(audit),
        options_(options),
        palette_(options.style.color),
        shown_(std::span(audit.findings).first(std::min(audit.findings.size(), options.most_findings))) {
    constexpr std::size_t kBesides = 68;  ///< all but the call, with a short list of machines
    for (const Finding& finding : shown_) call_ = std::max(call_, escaped(call_text(finding.key)).size());
    below_ = options.style.columns > 0 && call_ + kBesides > options.style.columns;
    count_ = count_width(shown_, "calls", below_, [](const Finding& finding) { return finding.total.count; });
  }

  std::string text() const {
    std::string text = fmt::format("{:>{}}  {:<8} {:>9} {:>9}  ", "calls", count_, "route", "each", "all");
    text += below_ ? "call\n" : fmt::format("{:<{}}  machines\n", "call", call_);
    for (const Finding& finding : shown_) text += line(finding);
    const std::size_t rest = audit_.findings.size() - shown_.size();
    if (rest > 0) text += fmt::format("{:>{}}  and {}\n", "", count_, left_out_text(rest));
    return '\n' + wrapped(text, options_.style.columns, count_ + 2);
  }

 private:
  std::string line(const Finding& finding) const {
    const bool priced = finding.cost_is != CostIs::unknown;
    const std::string call = escaped(call_text(finding.key));
    std::string line = fmt::format("{:>{}}  ", grouped(finding.total.count), count_);
    palette_.append(line, Palette::of(finding.key.route), fmt::format("{:<8}", name_of(finding.key.route)));
    line += fmt::format(" {:>9} {:>9}  ", priced ? duration_text(finding.each_ns) : "-",
                        priced ? duration_text(finding.cost_ns) : "-");
    palette_.append(line, Palette::kName, call);
    if (below_) line += fmt::format("\n{:>{}}  on ", "", count_);
    line.append(below_ ? 0 : call_ - call.size() + 2, ' ');
    return line + where_text(finding, audit_, options_.all_advice) + '\n';
  }

  const Audit& audit_;
  const AuditTextOptions& options_;
  Palette palette_;
  std::span<const Finding> shown_;
  std::size_t call_ = 4;
  std::size_t count_ = kCount;
  bool below_ = false;
};

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
  constexpr std::size_t kLabel = 13, kItem = 4;
  std::string text = verdict_line(audit, Palette(options.style.color));
  text += fmt::format("machines     {}\n", audit.machines.size());
  text += fmt::format("calls        {} that a vDSO can serve{}\n", grouped(audit.calls()),
                      audit.complete() ? "" : " (incomplete)");
  text += fmt::format("cost         {}, {} of it in calls that entered the kernel; user space could have saved {}\n",
                      duration_text(audit.cost_ns), duration_text(audit.kernel_ns), duration_text(audit.saved_ns));
  for (const std::string& notice : audit.notices.lines()) text += fmt::format("notice       {}\n", escaped(notice));
  const std::size_t columns = options.style.columns;
  return wrapped(text, columns, kLabel) + '\n' + machines_text(audit, options.style) +
         (audit.findings.empty() ? std::string() : CallsTable(audit, options).text()) +
         wrapped(merged_advice_text(audit, options), columns, kItem);
}

}  // namespace vdsotrace
