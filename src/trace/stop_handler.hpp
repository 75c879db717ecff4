// One stop of one thread: what it means, whom that concerns, and how the thread goes on.
#pragma once

#include <optional>

#include "os/tracing/waiter.hpp"
#include "trace/attach/orphans.hpp"
#include "trace/caller_notices.hpp"
#include "trace/calls/stop_policy.hpp"
#include "trace/calls/system_calls.hpp"
#include "trace/delays.hpp"
#include "trace/exec_handler.hpp"
#include "trace/locked_memory.hpp"
#include "trace/program.hpp"
#include "trace/signal_stops.hpp"
#include "trace/task_table.hpp"

namespace vdsotrace {

class StopHandler {
 public:
  StopHandler(const TaskOptions& options, const Needs& needs, ProbeEngine& engine, Reporter& reporter,
              StopPolicy& policy, TaskTable& tasks, Orphans& orphans, Program& program, CallerNotices& callers,
              LockedMemory& locked);

  /// The thread that stopped or ended. Null if no event has reported it yet: its stop waits for that (Orphans).
  Thread* thread_of(const TraceeStop& stop);
  /// Acts upon the stop and lets the thread go on from it.
  void handle(Thread& thread, const WaitStatus& status);
  /// The thread has ended: it is forgotten.
  void on_end(Thread& thread, const WaitStatus& status);

  /// Acts upon the stop. Answers how the thread is to go on. If it has made a child whose first stop came before, that
  /// stop is among those that Orphans::take_claimed gives out.
  Resume decide(StoppedThread& stopped, const WaitStatus& status);
  /// From a stop with that status, or if there is none, one that we asked for. A thread that is detached is forgotten,
  /// one that is to be delayed goes on by end_delays.
  void go_on(StoppedThread&& stopped, Resume how, const std::optional<WaitStatus>& status);
  /// Those whose delay is over go on.
  void end_delays(std::int64_t now);
  const Delays& delays() const { return delays_; }

 private:
  Resume on_event(StoppedThread& stopped, int event);
  Resume on_exec(StoppedThread& stopped);
  Resume on_filtered(StoppedThread& stopped);
  Resume on_first_stop(StoppedThread& stopped);
  void on_leader_superseded(pid_t leader);

  ProbeEngine& engine_;
  Reporter& reporter_;
  StopPolicy& policy_;
  TaskTable& tasks_;
  Orphans& orphans_;
  Program& program_;
  CallerNotices& callers_;
  LockedMemory& locked_;
  ExecHandler execs_;
  SystemCalls calls_;
  SignalStops signals_;
  Delays delays_;
};

}  // namespace vdsotrace
