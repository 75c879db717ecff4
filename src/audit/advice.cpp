#include "audit/advice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <initializer_list>
#include <optional>

#include "base/figures.hpp"
#include "model/vdso/tables.hpp"

namespace vdsotrace {
namespace {

/// A caller that asks more often than this hardly needs a new answer each time.
constexpr double kBusyPerSecond = 100'000;
/// So many calls within one tick of a coarse clock, and its resolution would have served.
constexpr double kCallsPerTick = 20;
/// Less is not worth anybody's time.
constexpr double kWorthNs = 100'000;

double per_second(std::uint64_t count, const AuditedRun& run) {
  return run.wall_ns > 0 ? static_cast<double>(count) * 1e9 / static_cast<double>(run.wall_ns) : 0;
}

std::string counted(std::uint64_t calls) { return grouped(calls) + (calls == 1 ? " call" : " calls"); }

std::string rate_text(double per_second) {
  return grouped(static_cast<std::uint64_t>(std::llround(per_second))) + " calls/s";
}

/// The coarse clock with the same zero, for calls that have one.
std::string coarse_of(const AuditKey& key) {
  const VdsoService* service = service_of_syscall(key.name);
  const bool reads_realtime = service != nullptr && service->reads == ServiceClock::realtime;
  const ClockRow* clock = reads_realtime ? clock_with(CLOCK_REALTIME) : clock_named(key.clock);
  if (clock == nullptr || !clock->coarse) return "";
  return std::string(clock_with(*clock->coarse)->name);
}

/// Of one kind of call.
struct Gain {
  std::string text;
  double ns = 0;
  std::string_view id = {};  ///< Advice::id; empty: the reason's name
};

std::optional<Gain> about_direct_call(const Finding& finding) {
  if (!finding.user_space_ns) return std::nullopt;
  const bool known = !finding.callers.empty() && finding.callers.front().who.known();
  const double saved = finding.saved_ns();
  return Gain{
      fmt::format("use the C library's function, or a C library that uses the vDSO (getrandom: glibc 2.41): {} a call "
                  "instead of {}, which saves {} of this run{}",
                  duration_text(*finding.user_space_ns), duration_text(finding.each_ns), duration_text(saved),
                  known ? " (mostly by " + brief_caller_text(finding.callers.front()) + ")" : ""),
      saved};
}

std::optional<Gain> about_unserved_clock(const Finding& finding, const Prices& prices) {
  const auto instead = prices("clock_gettime", "CLOCK_MONOTONIC");
  if (!instead || !instead->user_space_ns || finding.cost_is == CostIs::unknown) return std::nullopt;
  const double saved =
      std::max(0.0, finding.cost_ns - *instead->user_space_ns * static_cast<double>(finding.total.count));
  return Gain{
      fmt::format("read it less often, or where elapsed time is meant, CLOCK_MONOTONIC: {} a call instead of {}, "
                  "which saves {} of this run",
                  duration_text(*instead->user_space_ns), duration_text(finding.each_ns), duration_text(saved)),
      saved};
}

/// They cannot be priced by making them: what is refused takes no longer than a system call that is served.
std::optional<Gain> about_unknown_clock(const Finding& finding, const Prices& prices) {
  const auto served = prices("clock_gettime", "CLOCK_MONOTONIC");
  const double most = served ? served->system_call_ns * static_cast<double>(finding.total.count) : 0;
  return Gain{fmt::format("{} failed (at most {} of this run): do not ask for a clock that this kernel does not have",
                          counted(finding.total.count), duration_text(most)),
              most};
}

std::optional<Gain> about_user_space(const Finding& finding, const Audit& audit, const Prices& prices) {
  const auto busiest =
      std::ranges::max_element(finding.callers, {}, [](const CallerFinding& c) { return c.total.count; });
  if (busiest == finding.callers.end() || finding.cost_ns < kWorthNs) return std::nullopt;
  const auto calls = static_cast<double>(busiest->total.count);
  const double rate = per_second(busiest->total.count, audit.run);
  const std::string who = busiest->who.known() ? brief_caller_text(*busiest) : "the program";
  const std::string coarse = coarse_of(finding.key);
  const auto price = coarse.empty() ? std::nullopt : prices("clock_gettime", coarse);
  const double tick = static_cast<double>(audit.run.coarse_resolution_ns.value_or(0));
  if (price && price->user_space_ns && *price->user_space_ns < finding.each_ns && rate * tick / 1e9 >= kCallsPerTick) {
    const double saved = (finding.each_ns - *price->user_space_ns) * calls;
    return Gain{fmt::format("{} makes {}: if {} of resolution is enough, {} costs {} a call instead of {}, "
                            "which saves {} of this run",
                            who, rate_text(rate), exact_duration_text(static_cast<std::int64_t>(tick)), coarse,
                            duration_text(*price->user_space_ns), duration_text(finding.each_ns), duration_text(saved)),
                saved, kCoarseClockAdvice};
  }
  if (rate < kBusyPerSecond) return std::nullopt;
  const double all = finding.each_ns * calls;
  return Gain{fmt::format("{} makes {}, which cost {} of this run: ask once per round of its loop and keep the answer",
                          who, rate_text(rate), duration_text(all)),
              all, kBusyCallerAdvice};
}

std::optional<Gain> advice_for(const Finding& finding, const Audit& audit, const Prices& prices) {
  if (!finding.key.reason) return about_user_space(finding, audit, prices);
  switch (*finding.key.reason) {
    case Reason::direct_call:
    case Reason::vsyscall_page: return about_direct_call(finding);
    case Reason::cpu_time_clock:
    case Reason::alarm_clock:
    case Reason::auxiliary_clock:
    case Reason::dynamic_clock: return about_unserved_clock(finding, prices);
    case Reason::unknown_clock: return about_unknown_clock(finding, prices);
    default: return std::nullopt;
  }
}

struct Sum {
  std::uint64_t calls = 0;
  double cost_ns = 0;
};

/// Of all calls that entered the kernel for one of these reasons.
Sum sum_of(const Audit& audit, std::initializer_list<Reason> reasons) {
  Sum sum;
  for (const Finding& finding : audit.findings) {
    if (!finding.key.reason || std::ranges::find(reasons, *finding.key.reason) == reasons.end()) continue;
    sum.calls += finding.total.count;
    sum.cost_ns += finding.cost_ns;
  }
  return sum;
}

void advise_on_clocksource(Audit& audit) {
  const auto [calls, cost] = sum_of(audit, {Reason::clocksource, Reason::clocksource_changed});
  if (calls == 0) return;
  const auto& available = audit.run.available_clocksources;
  const auto better = std::ranges::find_if(available, readable_in_user_space);
  const std::string now = audit.clocksources.empty() ? "unknown" : audit.clocksources.back();
  std::string text =
      better != available.end()
          ? fmt::format(
                "change the clocksource from {} to {} (/sys/devices/system/clocksource/clocksource0/current_clocksource): "
                "{} ({} of this run) would stay in user space",
                now, *better, counted(calls), duration_text(cost))
          : fmt::format(
                "because of the clocksource {}, {} ({} of this run) entered the kernel; none that is available "
                "here ({}) can be read in user space: the kernel's log says why it gave up tsc",
                now, counted(calls), duration_text(cost), fmt::join(available, ", "));
  audit.advice.push_back({std::move(text), cost, calls, cost, false, name_of(Reason::clocksource)});
}

void advise_on_vdso(Audit& audit) {
  const auto [calls, cost] = sum_of(audit, {Reason::no_vdso});
  if (calls == 0) return;
  audit.advice.push_back(
      {fmt::format("give the program a vDSO (was the kernel booted with vdso=0?): without one, {} ({} of this run) "
                   "entered the kernel",
                   counted(calls), duration_text(cost)),
       cost, calls, cost, false, name_of(Reason::no_vdso)});
}

}  // namespace

void advise(Audit& audit, const Prices& prices) {
  advise_on_clocksource(audit);
  advise_on_vdso(audit);
  for (Finding& finding : audit.findings) {
    auto gain = advice_for(finding, audit, prices);
    if (!gain) continue;
    finding.advice = std::move(gain->text);
    finding.advice_ns = gain->ns;
    audit.advice.push_back({fmt::format("{}: {}", call_text(finding.key), finding.advice), gain->ns,
                            finding.total.count, finding.cost_ns, !finding.key.reason,
                            gain->id.empty() ? name_of(*finding.key.reason) : gain->id});
  }
  std::ranges::stable_sort(audit.advice, std::ranges::greater(), &Advice::total_ns);
}

std::string seccomp_text(const Audit& audit) {
  if (audit.fallback_calls.empty()) return {};
  const std::uint64_t made = audit.count(Route::fallback);
  return fmt::format("under seccomp, allow {}: the vDSO can fall back to {} ({} of {} calls did in this run)",
                     fmt::join(audit.fallback_calls, ", "), audit.fallback_calls.size() == 1 ? "it" : "them",
                     grouped(made), grouped(made + audit.count(Route::vdso) + audit.count(Route::unknown)));
}

}  // namespace vdsotrace
