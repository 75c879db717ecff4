// The loop: waits for what happens next, and has it handled. StopHandler knows what a stop means. StopWorld, Attaching
// and Detaching act upon all threads together, Orphans upon tasks that no event has reported.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "os/tracing/spawn.hpp"
#include "trace/attach/attach.hpp"
#include "trace/attach/detach.hpp"
#include "trace/idle_work.hpp"

namespace vdsotrace {

class Session {
 public:
  Session(const TaskOptions& options, const Needs& needs, ProbeEngine& engine, EventSink& sink, StopSource& source,
          StopPolicy& policy);

  /// Starts the program, which is under the policy's filter, and observes it and what the options include: until the
  /// last of them has ended, the time is over, or the user gives up waiting for the program. When what was seen has
  /// been reported, await_rest() is due. Errors: the program could not be executed.
  Result<Outcome> run(SpawnedChild child);
  /// Whether some processes could not be detached.
  bool holds_any() const { return !tasks_.empty(); }
  /// Stays with them in silence until they have ended.
  Outcome await_rest();

  /// Seizes running processes; they are not observed yet. Errors: as seize_process; nothing is held then.
  Result<void> seize(std::span<const pid_t> pids);
  /// Observes what was seized until the last of it has ended, a signal asks us to end, or that much time has
  /// passed; then detaches from all that is left, as it was. A `child` (may be null), started without a filter, is
  /// observed beside it: the answer is of it. Errors: as run().
  Result<Outcome> run_attached(std::optional<std::int64_t> duration_ns, SpawnedChild* child = nullptr);
  /// Detaches from all, with the vDSO as it was.
  void release_all();

  /// Takes our patches out of every process at once, whatever state we are in: before an abort.
  void undo_patches();

 private:
  void launch(SpawnedChild& child);
  void watch(const std::function<bool()>& more);
  std::optional<std::int64_t> work_before_sleep();
  void on_stop(const TraceeStop& stop);
  void handle_claimed();
  void claim_orphans();
  bool await_orphans();

  Reporter reporter_;
  StopSource& source_;
  Program program_;
  TaskTable tasks_;
  CallerNotices callers_;
  LockedMemory locked_;
  Orphans orphans_;
  StopHandler handler_;
  StopWorld world_;
  Attaching attaching_;
  Detaching detaching_;
  IdleWork idle_;
};

}  // namespace vdsotrace
