// The loop: one place waits, one place resumes. What happens in between is decided by
// whoever knows: the family (births, exec), the system calls, the engine.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "os/spawn.hpp"
#include "os/waiter.hpp"
#include "trace/caller_notices.hpp"
#include "trace/calls/stop_policy.hpp"
#include "trace/calls/system_calls.hpp"
#include "trace/calls/vsyscall.hpp"
#include "trace/idle_work.hpp"
#include "trace/program.hpp"
#include "trace/task_table.hpp"

namespace vdsotrace {

class Session {
 public:
  Session(const TaskOptions& options, const Needs& needs, ProbeEngine& engine, EventSink& sink, StopSource& source,
          StopPolicy& policy);

  /// Starts the program and observes it, and what the options include, until the
  /// last of them has ended, or until the time or somebody's patience with the program is over; then await_rest() is
  /// due, once what was seen has been told. It was started with the policy's filter. Errors: it
  /// could not be executed.
  Result<Outcome> run(SpawnedChild child);
  /// Whether some processes could not be let go.
  bool holds_any() const { return !tasks_.empty(); }
  /// Stays with them in silence until they have ended.
  Outcome await_rest();

  /// Seizes running processes; they are not observed yet. Errors: as seize_process; nothing is held then.
  Result<void> seize(std::span<const pid_t> pids);
  /// Observes what was seized until the last of it has ended, a signal tells us to end, or that much time has
  /// passed; then lets go of all that is left, as it was.
  void run_attached(std::optional<std::int64_t> duration_ns);
  /// Lets go of all, with the vDSO as it was.
  void release_all();

  /// Takes our patches out of every process at once, whatever state we are in: before an abort.
  void undo_patches();

 private:
  /// Threads that are kept stopped, and why they stopped where that has not been acted upon yet.
  using Held = std::map<pid_t, std::optional<WaitStatus>>;
  /// A new task that stopped, or even ended, before its creator's event was seen.
  struct UnclaimedStop {
    WaitStatus status;
    std::int64_t since;                 ///< CLOCK_MONOTONIC, as `due`
    std::int64_t due;                   ///< when to look whether it is an orphan
    std::map<pid_t, std::int64_t> ran;  ///< how long threads that may have made it had run when it was first looked at
  };

  Result<void> seize(pid_t pid, Thread::Role role);
  Result<void> seize_sharers(pid_t pid);
  bool begin_attached();
  void keep_unclaimed(const TraceeStop& stop);
  std::optional<WaitStatus> claim_stop(pid_t tid);
  bool may_be_giving_birth(const Thread& thread, UnclaimedStop& early) const;
  bool may_be_told_of(pid_t child, UnclaimedStop& early);
  bool claim_orphan(pid_t tid, UnclaimedStop& early, bool at_last);
  void claim_orphans(bool at_last);
  std::optional<std::int64_t> look_for_orphans(std::int64_t now);
  bool await_orphans();
  bool hold_all();
  void hold(Thread& thread, const WaitStatus& status);
  bool all_held();
  void drop_unwaitable(std::set<pid_t>& missing);
  bool waits_for_held_child(const Thread& thread) const;
  bool can_stay_unstopped(const Thread& thread);
  bool none_will_stop();
  void skip_zombie_leaders();
  std::map<pid_t, int> handle_held_stops();
  bool prepare_detach(Thread& thread, const std::optional<WaitStatus>& status, bool may_wait,
                      std::map<pid_t, int>& signals);
  void watch(const std::function<bool()>& more);
  std::optional<std::int64_t> drain_before_sleep();
  void on_stop(const TraceeStop& stop);
  void on_end(Thread& thread, const WaitStatus& status);
  void handle(Thread& thread, const WaitStatus& status);
  void go_on(StoppedThread&& stopped, Resume how, const std::optional<WaitStatus>& status);
  bool leave(StoppedThread&& stopped, int signal);
  Resume decide(StoppedThread& stopped, const WaitStatus& status);
  Resume on_signal(StoppedThread& stopped, int signal);
  Resume on_event(StoppedThread& stopped, int event);
  Resume on_exec(StoppedThread& stopped);
  Resume on_filtered(StoppedThread& stopped);
  Resume on_first_stop(StoppedThread& stopped);
  Resume on_group_stop(StoppedThread& stopped, int signal);
  void note_delivery(StoppedThread& stopped, int signal);
  void on_leader_superseded(pid_t leader);

  Reporter reporter_;
  ProbeEngine& engine_;
  StopSource& source_;
  StopPolicy& policy_;
  SystemCalls calls_;
  Vsyscalls vsyscalls_;
  TaskTable tasks_;
  Program program_;
  CallerNotices callers_;
  IdleWork idle_;
  bool instruction_pointers_;  ///< of signals
  std::map<pid_t, UnclaimedStop> unclaimed_stops_;

  bool releasing_ = false;
  bool interrupted_twice_ = false;  ///< told to end again while releasing
  bool holding_ = false;            ///< whatever stops is kept stopped
  Held held_;
  std::set<pid_t> asleep_;  ///< threads that cannot stop now and of which it does not matter
};

}  // namespace vdsotrace
