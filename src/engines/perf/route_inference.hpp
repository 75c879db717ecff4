// From what one thread was seen to do, one thing after another, to the calls that it made.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "engines/perf/plan.hpp"
#include "vdsotrace/call.hpp"

namespace vdsotrace {

/// Where nothing stops: an entry of a vDSO function does not say where the call will go, and its return is not seen.
/// What comes next on the same thread proves it. A call is given out once; of one that a signal handler interrupted,
/// and that made a system call only after that, the route may be reported wrongly.
class RouteInference {
 public:
  using Report = std::function<void(Call&&)>;

  /// A vDSO function is entered. `origin` as in PerfEventInfo: a thread that has events of two origins for one place
  /// makes two samples of a call; the second is passed over.
  void entered(Call&& call, PerfPoint::Fallbacks fallbacks, std::uint64_t origin, const Report& report);
  /// A system call instruction of the vDSO is reached, in the function of that symbol; empty: in one of several.
  void fell_back(std::string_view symbol, const Report& report);
  /// A system call begins elsewhere, or in a vDSO function whose entry is not watched.
  void system_call(Call&& call, const Report& report);
  /// The function that was entered makes its system call `call`.
  void fallback_call(Call&& call);
  /// It returns, so long after it began.
  void system_call_returned(std::int64_t result, std::int64_t time_ns, const Report& report);
  /// The thread was found outside the vDSO at that time, by another way than records. It counts once all records of
  /// before have been given.
  void found_outside(std::int64_t monotonic_ns);
  /// All records of before that time have been given.
  void complete_until(std::int64_t monotonic_ns, const Report& report);
  /// The thread is outside the vDSO.
  void left(const Report& report);
  /// Records are missing, perhaps of this thread: what follows proves nothing of the call before.
  void lost(const Report& report);
  /// The thread is no longer watched: what its last call came to is not known.
  void abandon(const Report& report);
  /// It has executed a program: its events are others now.
  void forget_entries() { seen_by_.clear(); }
  /// The thread has ended.
  void end(const Report& report);

  /// Whether the last call's way is still to be proven.
  bool open() const { return entered_.has_value(); }

 private:
  bool is_repeated(const Call& call, std::uint64_t origin);

  std::optional<Call> entered_;
  std::optional<std::int64_t> outside_since_;  ///< after `entered_`
  std::optional<Call> in_call_;                ///< a system call that has not returned
  // The last entry, and the origins of its samples.
  std::uint64_t last_stack_ = 0;
  std::string_view last_name_;
  std::vector<std::uint64_t> seen_by_;
};

}  // namespace vdsotrace
