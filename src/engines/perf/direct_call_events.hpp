// The perf events by which direct system calls of threads are recorded.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
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
  pid_t opened_for = 0;  ///< a thread, or PerfTarget::kEveryThread
  Abi abi = Abi::x86_64;
  std::size_t group = 0;  ///< of PerfTarget::kEveryThread: of those that were opened together
};

/// A trace point that is in use costs every system call of the machine some 60 ns (SYSCALL_WORK_SYSCALL_TRACEPOINT,
/// seen in Linux 6.18), whatever events there are.
///
/// Of a process that runs already, one event for each trace point and processor sees the threads that it has by then,
/// picked out by their numbers: it costs nothing when threads change, and other threads some tens of nanoseconds at
/// these very calls. That takes CAP_PERFMON and the first PID namespace. A filter is not changed afterwards: of a
/// thread that comes later there are more such events, opened before it runs, as long as all are few (kMostEvents).
/// They stay when it has ended: to close and open them over and over would cost more.
///
/// Where that cannot be had, and of threads that come then, a thread has an event for each trace point on each
/// processor, which threads inherit, and with Needs::children processes; one that makes another has them, too, beside
/// those of processors, so that its next ones have them by that. Two trace points suffice, those of all system
/// calls with a filter, but they add some 20 ns each to every call that the thread makes. With those of each call,
/// twelve, a call that nobody asks for costs nothing, but a change of threads costs a microsecond more, the start of a
/// thread 100 microseconds for each processor, and its end so much as there are events in all: the kernel wakes all
/// that share a ring (perf_event_exit_event, seen in Linux 6.18). So where they would be many, filters are used
/// (kMostEvents), if they are permitted: they take more than the others, perf_event_paranoid at 1 or CAP_PERFMON.
class DirectCallEvents {
 public:
  explicit DirectCallEvents(const Needs& needs);

  /// Opens those of a process's threads while they run, as that takes long.
  void prepare(pid_t pid);
  /// Opens a thread's, if it has none yet. One that has ended needs none. Errors: they cannot be had.
  Result<void> open(pid_t tid, Abi abi);
  /// A thread has that number from now on, and has not run yet: whoever had it before is gone.
  void on_birth(pid_t tid);
  /// That one, of the process `tgid`, which has not run yet, is to be seen as its creator is. Errors: as open().
  Result<void> hand_on(pid_t creator, pid_t child, pid_t tgid, Abi abi);

  /// What is recorded; null: nothing can be.
  PerfStream* stream() { return stream_ ? &*stream_ : nullptr; }
  /// Null: it is of none of these, or of a thread that an event shows beside those that it was opened for.
  const DirectCallEvent* meaning(const PerfSample& sample) const;
  /// How many samples there was no room for. Nothing if the kernel does not count them (before Linux 6.0).
  std::optional<std::uint64_t> lost() const;
  /// Whether a processor was taken offline whose events then saw no more.
  bool lost_processor() const;

 private:
  using Points = Result<std::vector<DirectCallPoint>>;

  DirectCallMeans means_for(Abi abi) const { return {abi, filters_ || abi != Abi::x86_64}; }
  Points& points_of(const DirectCallMeans& means);
  bool pick_threads(pid_t tgid, std::span<const pid_t> tids);
  bool has_room_for(std::size_t threads, std::span<const DirectCallPoint> points) const;
  void choose_means(std::size_t threads);
  Result<void> open_own(pid_t tid, Abi abi);
  Result<void> open_points(const PerfTarget& target, const DirectCallMeans& means,
                           std::span<const DirectCallPoint> points);
  Result<void> open_event(const PerfTarget& target, const DirectCallMeans& means, const DirectCallPoint& point,
                          DirectCallEvent::Moment moment);

  const Needs& needs_;
  std::optional<PerfStream> stream_;
  std::map<DirectCallMeans, Points> points_;  ///< an error: why there are none
  bool filters_ = false;                      ///< also for x86-64
  std::vector<PerfEvent> events_;
  std::unordered_map<std::uint64_t, DirectCallEvent> meanings_;  ///< by PerfEvent::id
  std::set<std::pair<pid_t, Abi>> opened_;                       ///< threads that have theirs
  /// A thread that processors' events see.
  struct Picked {
    pid_t tgid = 0;
    std::size_t group = 0;  ///< whose events count: others may show it, too, as one of the numbers between theirs
  };
  std::map<pid_t, Picked> picked_;
  std::size_t groups_ = 0;
};

}  // namespace vdsotrace
