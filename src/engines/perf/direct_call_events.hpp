// The perf events by which direct system calls of threads are recorded.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engines/perf/direct_call_points.hpp"
#include "engines/perf/watch.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// What an event's samples mean.
struct DirectCallEvent {
  enum class Moment : std::uint8_t { entered, returned };
  Moment moment = Moment::returned;
  pid_t opened_for = 0;
  Abi abi = Abi::x86_64;
};

/// Threads inherit the events, and with Needs::children processes do.
///
/// A thread has an event for each trace point on each processor. Two trace points suffice, those of all system calls
/// with a filter, but they add some 20 ns each to every call that the thread makes. With those of each call, twelve, a
/// call that nobody asks for costs nothing, but a change of threads costs a microsecond more, the start of a thread 100
/// microseconds for each processor, and its end so much as there are events in all: the kernel wakes all that share a
/// ring (perf_event_exit_event, seen in Linux 6.18). So where they would be many, filters are used (kMostEvents), if
/// they are permitted: they take more than the others, perf_event_paranoid at 1 or CAP_PERFMON.
class DirectCallEvents {
 public:
  explicit DirectCallEvents(const Needs& needs);

  /// Opens those of a process's threads while they run, as that takes long.
  void prepare(pid_t pid);
  /// Opens a thread's, if it has none yet. One that has ended needs none. Errors: they cannot be had.
  Result<void> open(pid_t tid, Abi abi);

  /// What is recorded; null: nothing can be.
  PerfStream* stream() { return stream_ ? &*stream_ : nullptr; }
  /// By PerfSample::event. Null: none of these.
  const DirectCallEvent* meaning(std::uint64_t event) const;
  /// How many samples there was no room for. Nothing if the kernel does not count them (before Linux 6.0).
  std::optional<std::uint64_t> lost() const;

 private:
  using Points = Result<std::vector<DirectCallPoint>>;

  DirectCallMeans means_for(Abi abi) const { return {abi, filters_ || abi != Abi::x86_64}; }
  Points& points_of(const DirectCallMeans& means);
  void choose_means(std::size_t threads);
  Result<void> open_points(const PerfTarget& target, const DirectCallMeans& means);
  Result<void> open_event(const PerfTarget& target, const DirectCallPoint& point, DirectCallEvent::Moment moment,
                          Abi abi);

  const Needs& needs_;
  std::optional<PerfStream> stream_;
  std::map<DirectCallMeans, Points> points_;  ///< an error: why there are none
  bool filters_ = false;                      ///< also for x86-64
  std::vector<PerfEvent> events_;
  std::unordered_map<std::uint64_t, DirectCallEvent> meanings_;  ///< by PerfEvent::id
  std::set<std::pair<pid_t, Abi>> opened_;                       ///< threads that have theirs
};

}  // namespace vdsotrace
