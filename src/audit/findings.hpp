// The findings of an audit: what was counted, what it cost, and what follows from that.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/durations.hpp"
#include "audit/machines.hpp"
#include "audit/tally.hpp"
#include "vdsotrace/document.hpp"

namespace vdsotrace {

/// What one kind of call costs on this system, found out by making it in a clean process.
struct CallPrice {
  std::optional<double> user_space_ns;  ///< through the vDSO, if that serves it without the kernel
  double function_ns = 0;               ///< through the vDSO, whatever that does; 0 without one
  double system_call_ns = 0;
};
/// A call and its clock as they are printed; the clock is empty where the call has none.
using PricedCall = std::pair<std::string, std::string>;
/// The price of a call; nothing where the system could not be asked.
using Prices = std::function<std::optional<CallPrice>(const std::string& name, const std::string& clock)>;

/// Where a cost comes from.
enum class CostIs : std::uint8_t {
  unknown,    ///< the calls have no price
  estimated,  ///< their number times the price of one
  measured,
};

struct CallerFinding {
  CallerKey who;
  CallerKey beyond;  ///< as CallerPath has it
  AuditTotal total;
};

/// One line.
struct Finding {
  AuditKey key;
  AuditTotal total;
  std::vector<CallerFinding> callers;               ///< busiest first
  std::map<ProgramCaller, std::uint64_t> programs;  ///< calls by program and caller
  std::map<CallStack, std::uint64_t> stacks;        ///< calls by whole stack, if those are known
  CostIs cost_is = CostIs::unknown;
  double cost_ns = 0;                     ///< of all its calls, 0 if unknown
  double each_ns = 0;                     ///< what one call costs: the median where they were measured
  std::optional<MeasuredCalls> measured;  ///< if any duration of a call is known
  std::optional<double> user_space_ns;    ///< what the calls would have cost in user space, if they can be had there
  std::string why;                        ///< a sentence, empty where it stayed in user space
  std::string advice;                     ///< empty where there is none to give
  double advice_ns = 0;                   ///< what that is worth
  CallsByMachine machines;                ///< of a merge, and of an audit that was read back

  /// What its calls would have saved in user space; 0 where they cannot be had there.
  double saved_ns() const;
};

/// Advice::id where no reason has made calls enter the kernel.
inline constexpr std::string_view kCoarseClockAdvice = "coarse-clock", kBusyCallerAdvice = "busy-caller";

/// What somebody can do.
struct Advice {
  std::string text;
  double total_ns = 0;         ///< what it is worth in this run
  std::uint64_t calls = 0;     ///< that it is about
  double cost_ns = 0;          ///< of these
  bool in_user_space = false;  ///< where these stay
  std::string_view id = {};    ///< its kind: a reason's name or one of those; static storage
};

/// What the whole comes to.
struct Verdict {
  bool ok = true;    ///< there is nothing to gain, and no call that is not known of
  std::string text;  ///< a sentence with its figures: "nothing to gain: at most 300 ns of 8.00 ms of processor time"
  double share = 0;  ///< of the time in its text (Audit::share)
};

/// What observing the program has added to its processor time.
struct AddedCosts {
  std::uint64_t calls = 0;  ///< that were observed without a stop
  double call_ns = 0;       ///< added to each
  std::uint64_t stops = 0;
  double stop_ns = 0;    ///< of each, what the kernel does on the stopped thread's account
  double stamps_ns = 0;  ///< of `call_ns`, what lies between the two time stamps of a measured call
  double ns() const { return static_cast<double>(calls) * call_ns + static_cast<double>(stops) * stop_ns; }
};

/// Less than this share of processor time is hardly worth a look.
inline constexpr double kUsualThreshold = 0.001;

/// What is known of the run besides its calls.
struct AuditedRun {
  DocumentHead head;
  std::vector<std::string> command;       ///< empty for processes that ran already
  std::vector<std::int32_t> pids;         ///< of those
  std::vector<std::int32_t> pids_inside;  ///< theirs in their own PID namespaces, 0 where it is the same or not known
  std::vector<std::vector<std::string>> commands;  ///< their command lines, empty where not known
  std::string engine;
  std::string kernel;
  std::vector<std::string> available_clocksources;
  std::set<std::string> without_fallback;  ///< calls whose vDSO function cannot make them: its code has no way to do so
  std::int64_t wall_ns = 0;
  std::int64_t cpu_ns = 0;          ///< of the processes that were observed, 0 if not known
  std::optional<AddedCosts> added;  ///< to that; nothing where it could not be found out
  std::optional<std::int64_t> coarse_resolution_ns;
  double threshold = kUsualThreshold;  ///< what is worth a look (Audit::matters)
};

struct Audit {
  AuditedRun run;
  std::vector<std::string> clocksources;  ///< in the order in which they were met
  std::vector<Finding> findings;          ///< most expensive first
  AuditTotal by_route[kRoutes];
  double cost_ns = 0;                       ///< of the calls that have a price
  double kernel_ns = 0;                     ///< of that, for calls that entered the kernel
  double saved_ns = 0;                      ///< less, had all that can stay in user space stayed there
  std::uint64_t measured_calls = 0;         ///< whose cost is measured
  std::uint64_t unpriced_calls = 0;         ///< whose cost is not known, so that no sum has it
  std::vector<std::string> fallback_calls;  ///< system calls that the functions used would make if they fell back
  std::vector<Advice> advice;               ///< most worthwhile first
  std::map<PricedCall, CallPrice> prices;   ///< of the calls that were made, and of CLOCK_MONOTONIC
  Verdict verdict;
  std::vector<AuditedMachine> machines;  ///< of a merge; empty: of this run alone
  Timeline timeline;
  std::uint64_t lost = 0;
  Notices notices;

  /// Whether every call is in here.
  bool complete() const { return lost == 0 && !notices.lack_calls(); }
  std::uint64_t count(Route route) const { return by_route[static_cast<std::size_t>(route)].count; }
  std::uint64_t calls() const;
  /// Processor time without what we have added, but no less than the calls have cost; 0 if not known.
  double own_cpu_ns() const;
  /// Of the program's own processor time; of the run's time where that is not known. 0 to 1.
  double share(double ns) const;
  /// Whether so much is worth a look: AuditedRun::threshold of that.
  bool matters(double ns) const { return ns > 0 && share(ns) >= run.threshold; }
};

/// By route, costs, and how many calls have which kind of cost: sums over the findings.
void add_up(Audit& audit);

Audit make_audit(const AuditTally& tally, AuditedRun run, const Prices& prices);

/// "5.10 ms of processor time (and 2.00 ms that observing took: ...)"; empty where it is not known.
std::string cpu_text(const Audit& audit);
/// Whether the costs are measured or estimated, and what they leave out: "estimated: calls times what one costs here".
std::string cost_basis_text(const Audit& audit);
/// The clock without its prefix and in words for the many that have none: "clock_gettime(CLOCK_MONOTONIC)", "time".
std::string call_text(const AuditKey& key);
/// "main+0x12 in hello-vdso"; "not known".
std::string caller_text(const CallerKey& who);
/// The same for somebody who can change something: with who is beyond, where that is another one.
std::string caller_text(const CallerFinding& caller);
/// That with modules without their folders.
std::string brief_caller_text(CallerFinding caller);
/// "62 %", "1.3 %", "0.07 %".
std::string percent_text(double share);
/// The same of the program's processor time, or of the run, with these words.
std::string share_text(const Audit& audit, double ns);

}  // namespace vdsotrace
