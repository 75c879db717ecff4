#include "audit/verdict.hpp"

#include <fmt/core.h>

#include "base/figures.hpp"

namespace vdsotrace {
namespace {

/// Calls that stay in user space and of which there is advice.
struct Busy {
  std::uint64_t calls = 0;
  double cost_ns = 0;
  double gain_ns = 0;
};

Busy busy_calls(const Audit& audit) {
  Busy busy;
  for (const Advice& advice : audit.advice) {
    if (!advice.in_user_space) continue;
    busy.calls += advice.calls;
    busy.cost_ns += advice.cost_ns;
    busy.gain_ns += advice.total_ns;
  }
  return busy;
}

std::string calls_text(std::uint64_t count) {
  return fmt::format("{} {}", grouped(count), count == 1 ? "call" : "calls");
}

/// "300,000 calls fell back", with their ways where they went by several.
std::string kernel_calls_text(const Audit& audit) {
  constexpr std::pair<Route, std::string_view> kWays[] = {
      {Route::fallback, "fell back"}, {Route::syscall, "made directly"}, {Route::vsyscall, "through vsyscall"}};
  std::string parts;
  std::string_view only;
  std::uint64_t sum = 0;
  for (const auto& [route, words] : kWays) {
    const std::uint64_t count = audit.count(route);
    if (count == 0) continue;
    only = sum == 0 ? words : "";
    sum += count;
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", grouped(count), words);
  }
  if (only == "fell back") return calls_text(sum) + " fell back";
  return calls_text(sum) + " entered the kernel" +
         (only.empty() ? fmt::format(" ({})", parts) : fmt::format(" ({})", only));
}

std::string whole_text(const Audit& audit) {
  if (audit.run.cpu_ns > 0) return duration_text(audit.own_cpu_ns()) + " of processor time";
  return duration_text(static_cast<double>(audit.run.wall_ns)) + " of the run";
}

/// Those of an unknown route are among them.
std::string busy_calls_text(const Audit& audit, const Busy& busy) {
  return calls_text(busy.calls) + (audit.count(Route::unknown) > 0 ? " through the vDSO" : " in user space");
}

/// What leaves it open.
std::string doubts_text(const Audit& audit) {
  std::string text;
  if (audit.count(Route::unknown) > 0)
    text += fmt::format("; {} by an unknown route", calls_text(audit.count(Route::unknown)));
  if (audit.unpriced_calls > 0) text += fmt::format("; {} without a price", calls_text(audit.unpriced_calls));
  if (!audit.complete()) text += "; the figures are incomplete";
  return text;
}

}  // namespace

Verdict verdict_of(const Audit& audit) {
  const Busy busy = busy_calls(audit);
  const double gain = audit.kernel_ns + busy.gain_ns;
  Verdict verdict;
  verdict.ok = !audit.matters(gain) && audit.complete() && audit.count(Route::unknown) == 0;
  if (!audit.matters(gain)) {
    verdict.share = audit.share(gain);
    verdict.text = gain > 0 ? fmt::format("nothing to gain: at most {} of {}", duration_text(gain), whole_text(audit))
                            : fmt::format("nothing to gain: {} of {} in calls that a vDSO can serve",
                                          duration_text(audit.cost_ns), whole_text(audit));
  } else {
    const bool in_kernel = audit.kernel_ns >= busy.gain_ns;
    const double cost = in_kernel ? audit.kernel_ns : busy.cost_ns;
    verdict.share = audit.share(cost);
    verdict.text = fmt::format("{}: {}, {}", in_kernel ? kernel_calls_text(audit) : busy_calls_text(audit, busy),
                               duration_text(cost), share_text(audit, cost));
  }
  verdict.text += doubts_text(audit);
  return verdict;
}

}  // namespace vdsotrace
