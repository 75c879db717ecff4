// The processes that a session of the perf engine watches: their threads, what is open in these, and how they end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/unique_fd.hpp"
#include "engines/perf/route_inference.hpp"
#include "trace/thread/address_space.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

struct WatchedProcess {
  UniqueFd descriptor;  ///< a pidfd; none if it could not be had
  std::shared_ptr<AddressSpace> space;
  std::map<pid_t, RouteInference> threads;
  std::int64_t since = 0;  ///< when all of its events were there: of a call before that a part may be missing
  std::optional<std::int64_t> dead_since;
};

/// A process is here as long as one of its threads is.
class WatchedProcesses {
 public:
  explicit WatchedProcesses(EventSink& sink) : sink_(sink) {}

  bool empty() const { return processes_.empty(); }
  /// Null if it is not watched.
  WatchedProcess* find(pid_t pid);
  /// False if it is watched already.
  bool add(pid_t pid, WatchedProcess&& process) { return processes_.try_emplace(pid, std::move(process)).second; }
  /// By their PIDs.
  std::map<pid_t, WatchedProcess>& all() { return processes_; }

  /// An event of a thread, now.
  void report(pid_t pid, pid_t tid, Event::Body body);
  /// Where calls of a thread are to be reported.
  RouteInference::Report report_calls(pid_t pid, pid_t tid);
  /// Why callers are not known, each once: many processes run one program.
  void report_caller_notices();

  /// The records that show how open calls ended may be among the lost ones, and it is not known whose these were.
  void doubt_open_calls();
  /// All that was recorded up to that time (CLOCK_MONOTONIC) is known. A thread that sleeps in a system call made
  /// elsewhere has left the function that it entered last.
  void close_calls_of_sleepers(std::int64_t complete_until);
  /// Nothing is recorded any more: no open call will be known to return.
  void abandon_open_calls(std::int64_t complete_until);

  /// Reports what was open, and `last` of the thread.
  void end_thread(pid_t pid, pid_t tid, Event::Body last);
  /// Where records of ends were lost: processes that were found dead before that time.
  void end_dead(std::int64_t complete_until);
  void end_all(const Event::Body& last);

 private:
  void end_process(pid_t pid, const Event::Body& last);

  EventSink& sink_;
  std::map<pid_t, WatchedProcess> processes_;
  std::set<std::string> reported_;  ///< of callers
};

/// Of a process that we are not the parent of, only the end is seen.
Exited unseen_end();

}  // namespace vdsotrace
