// The loop: one place waits, one place resumes. What happens in between is decided by
// whoever knows: the family (births, exec), the system calls, the engine.
#pragma once

#include <functional>

#include "os/spawn.hpp"
#include "os/waiter.hpp"
#include "trace/family.hpp"
#include "trace/stop_policy.hpp"
#include "trace/system_calls.hpp"
#include "trace/vsyscall.hpp"

namespace vdsotrace {

/// How the program that we started ended.
struct Outcome {
  bool signaled = false;
  int code = 0;  ///< exit status, or the signal
};

class Session {
 public:
  Session(const FamilyOptions& options, const Needs& needs, ProbeEngine& engine, EventSink& sink,
          StopSource& source, StopPolicy& policy);

  /// Starts the program and observes it, and what the options include, until the
  /// last of them has ended. It was started with the policy's filter. Errors: it
  /// could not be executed.
  Result<Outcome> run(SpawnedChild child);

 private:
  void watch(const std::function<bool()>& more);
  std::optional<std::int64_t> nap();
  void on_stop(const TraceeStop& stop);
  void on_end(Thread& thread, const WaitStatus& status);
  void handle(Thread& thread, const WaitStatus& status);
  Resume decide(StoppedThread& stopped, const WaitStatus& status);
  Resume on_signal(StoppedThread& stopped, int signal);
  Resume on_event(StoppedThread& stopped, int event);
  Resume on_exec(StoppedThread& stopped);
  Resume on_filtered(StoppedThread& stopped);
  Resume on_first_stop(StoppedThread& stopped);
  Resume on_group_stop(StoppedThread& stopped, int signal);
  void note_delivery(StoppedThread& stopped, int signal);
  bool ends_trace(const OwnSignal& signal);
  void on_leader_superseded(pid_t leader);
  void release_all();

  Reporter reporter_;
  ProbeEngine& engine_;
  StopSource& source_;
  StopPolicy& policy_;
  SystemCalls calls_;
  Vsyscalls vsyscalls_;
  Family family_;
  pid_t root_ = 0;
  std::optional<Outcome> outcome_;
  bool failed_to_launch_ = false;
  int quiet_looks_ = 0;
  /// New threads that stopped, or even ended, before their creator's event was seen.
  std::map<pid_t, WaitStatus> early_;
};

}  // namespace vdsotrace
