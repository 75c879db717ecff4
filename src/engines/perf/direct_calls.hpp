// System calls that processes make without their vDSO, seen by the kernel's trace points: no thread stops for them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engines/perf/watch.hpp"
#include "os/urgency.hpp"
#include "trace/probe_engine.hpp"
#include "trace/reporter.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// Trace points by their numbers: syscalls:sys_enter_NAME and sys_exit_NAME, of one system call of x86-64, or
/// raw_syscalls:sys_enter and sys_exit, of all that a filter leaves.
struct DirectCallPoint {
  std::uint64_t entered = 0;  ///< 0 where durations are not wanted
  std::uint64_t returned = 0;
  std::string filter;  ///< of raw_syscalls; empty: it is no such point
};

/// Of processes that are attached to: their vDSO-capable system calls, each as one Call when it has returned.
/// Fallbacks that the engine reports are left out. Threads inherit the events, and with Needs::children processes do.
///
/// A thread has an event for each trace point on each processor. Two trace points suffice, those of all system calls
/// with a filter, but they add some 20 ns each to every call that the thread makes. With those of each call, twelve, a
/// call that nobody asks for costs nothing, but a change of threads costs a microsecond more, the start of a thread 100
/// microseconds for each processor, and its end so much as there are events in all: the kernel wakes all that share a
/// ring (perf_event_exit_event, seen in Linux 6.18). So where they would be many, filters are used (kMostEvents).
///
/// The trace points of each call do not fire for calls by the numbers of other ABIs (arch_trace_is_compat_syscall), so
/// for programs of these, too, filters are used. Of 64-bit programs, calls by i386's numbers are not reported. Programs
/// of other ABIs stop at every system call where raw_syscalls is not permitted (it takes more than the others:
/// perf_event_paranoid at 1, or CAP_PERFMON).
class DirectCalls {
 public:
  /// Whether the engine reports the system calls that this vDSO function makes.
  using Covered = std::function<bool(const AddressSpace& space, const VdsoFunction& function)>;

  DirectCalls(const Needs& needs, EventSink& sink, Covered covered);

  /// Whether trace points can be had, tried on ourselves. Errors: why not.
  static Result<void> check();

  /// The process will be attached to: opens the events of its threads while they run, as that takes long. What they
  /// call before they are watched is not reported.
  void prepare(pid_t pid);
  /// An attach: a thread of a process all of whose threads are stopped. Its calls are seen from now on.
  void watch(const Thread& thread);
  /// Its process has executed a program, or is attached to, and this is its first thread.
  void watch_process(const Thread& thread);
  void on_clone(const Thread& parent, const Thread& child);
  /// The thread has stopped: what it has called before is reported.
  void on_stop(const Thread& thread);
  /// It has ended, executed a program or is about to be detached: the last of its calls are reported.
  void on_end(const Thread& thread);
  /// Reports what has been recorded up to now.
  void look();
  Drained drain();
  /// Nothing more will happen: says how many records there was no room for.
  void finish();

  /// Whether the thread's direct calls are reported here.
  bool reports(const Thread& thread) const;

 private:
  struct Watched {
    pid_t tgid = 0;
    bool reported = false;
    std::shared_ptr<AddressSpace> space;
    std::int64_t entered_ns = 0;  ///< of the call that it is in, 0 if that is not known
    /// By system call: for which thread the events were opened whose samples count. One that was created while its
    /// creator's were being opened may have some twice.
    std::map<std::int32_t, pid_t> origins;
  };
  enum class Moment : std::uint8_t { entered, returned };
  struct EventInfo {
    Moment moment;
    pid_t opened_for;
    Abi abi;
  };
  /// By what the calls of an ABI are seen.
  struct Means {
    Abi abi = Abi::x86_64;
    bool filters = false;
    auto operator<=>(const Means&) const = default;
  };
  struct Points {
    std::vector<DirectCallPoint> points;
    std::string refused;  ///< why there are none
  };

  Means means_for(Abi abi) const { return {abi, few_events_ || abi != Abi::x86_64}; }
  Points& points_of(const Means& means);
  Points find_points(const Means& means) const;
  void choose_means(std::size_t threads);
  Result<void> open_events(pid_t tid, Abi abi);
  Result<void> open_points(const PerfTarget& target, const Means& means);
  Result<void> open_event(const PerfTarget& target, const DirectCallPoint& point, Moment moment, Abi abi);
  void report_unseen(const Thread& thread, const std::string& why);
  void begin();
  void note(const Thread& thread);
  void note_loss(const PerfRecord& record);
  std::uint64_t lost_so_far() const;
  void count_lost();
  void on(const PerfSample& sample);
  void report(const PerfSample& sample, Abi abi, std::int32_t nr, Watched& watched);
  pid_t task_for(const PerfSample& sample) const;
  bool is_call_of(Abi abi, const PerfSample& sample, const Watched& watched);

  const Needs& needs_;
  EventSink& sink_;
  Reporter reporter_;
  Covered covered_;
  std::optional<PerfStream> stream_;
  std::string refused_;  ///< why direct calls cannot be seen
  std::vector<PerfEvent> events_;
  std::unordered_map<std::uint64_t, EventInfo> infos_;  ///< by PerfEvent::id
  std::map<Means, Points> points_;
  bool few_events_ = false;                 ///< filters are used for every ABI
  std::set<std::pair<pid_t, Abi>> opened_;  ///< threads that events were opened for
  std::map<pid_t, Watched> watched_;
  std::map<pid_t, std::set<Abi>> processes_;  ///< all of whose threads have these events
  /// Where calls have been made, and whether by the instruction of 64-bit code.
  std::map<std::pair<const AddressSpace*, std::uint64_t>, bool> sites_;
  std::int64_t since_epoch_ = 0;    ///< CLOCK_REALTIME less CLOCK_MONOTONIC
  bool begun_ = false;              ///< somebody is watched
  bool may_have_lost_ = false;      ///< a ring was full
  std::uint64_t lost_records_ = 0;  ///< as the rings have it
  std::uint64_t lost_before_ = 0;   ///< before somebody was watched
  std::uint64_t lost_ = 0;
  std::size_t taken_ = 0;  ///< records since the last drain
  Urgency urgency_;
  bool incomplete_ = false;  ///< a Notice says that calls are missing
};

}  // namespace vdsotrace
