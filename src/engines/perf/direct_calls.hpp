// System calls that processes make without their vDSO, seen by the kernel's trace points: no thread stops for them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "engines/perf/direct_call_events.hpp"
#include "engines/perf/lost_records.hpp"
#include "engines/perf/sampled_calls.hpp"
#include "os/self/urgency.hpp"
#include "trace/probe_engine.hpp"
#include "trace/reporter.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// Of processes that are attached to: their vDSO-capable system calls, each as one Call when it has returned.
/// Fallbacks that the engine reports are left out. Of 64-bit programs, calls by i386's numbers are not reported.
/// Programs of other ABIs stop at every system call where filters of trace points are not permitted (DirectCallEvents).
class DirectCalls {
 public:
  /// Whether the engine reports the system calls that this vDSO function makes.
  using Covered = std::function<bool(const AddressSpace& space, const VdsoFunction& function)>;

  DirectCalls(const Needs& needs, EventSink& sink, Covered covered);

  /// Whether trace points can be had, tried on ourselves. Errors: why not.
  static Result<void> check();

  /// The process will be attached to: opens the events of its threads while they run, as that takes long. What they
  /// call before they are watched is not reported.
  void prepare(pid_t pid) { events_.prepare(pid); }
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
    SampledCalls calls;
  };

  void begin();
  void note(const Thread& thread);
  void note_unseen(const Thread& thread, const std::string& why);
  void report_unseen(const Thread& thread, const std::string& why);
  std::size_t take_records();
  void on(PerfSample& sample, std::int64_t since_epoch);
  void report(PerfSample& sample, Abi abi, const SampledCalls::Returned& returned, const Watched& watched,
              std::int64_t since_epoch);
  bool is_call_of(Abi abi, const PerfSample& sample, AddressSpace& space);
  pid_t task_for(const PerfSample& sample) const;
  void report_lost();

  const Needs& needs_;
  EventSink& sink_;
  Reporter reporter_;
  Covered covered_;
  DirectCallEvents events_;
  std::map<pid_t, Watched> watched_;
  std::map<pid_t, std::set<Abi>> processes_;  ///< all of whose threads have these events
  /// Where calls have been made, and whether by the instruction of 64-bit code.
  std::map<std::pair<const AddressSpace*, std::uint64_t>, bool> sites_;
  LostRecords lost_;
  Urgency urgency_;
  bool begun_ = false;       ///< somebody is watched
  bool incomplete_ = false;  ///< a Notice says that calls are missing
};

}  // namespace vdsotrace
