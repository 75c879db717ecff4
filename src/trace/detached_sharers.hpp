// Children of vfork that are not followed and ask to be traced by others, as those of debuggers begin (PTRACE_TRACEME).
// The kernel refuses that to a task that has a tracer. So such a child is detached while it still shares its creator's
// memory, with our patches in it; the creator waits meanwhile (vfork(2)), so that it is known whose calls are recorded.
#pragma once

#include <map>
#include <memory>

#include "trace/probe_engine.hpp"

namespace vdsotrace {

/// Whether it may yet be such a child: its system calls are to stop until then. Under a filter of ours it needs us.
inline bool may_ask_to_be_traced(const Thread& thread) {
  return thread.role == Thread::Role::guarded && thread.awaited_by != 0 && !thread.filtered;
}
/// Whether the thread, at a system call stop, is about to make that request. Detached there, it makes it without a
/// tracer.
bool asks_to_be_traced(const StoppedThread& stopped);

class DetachedSharers {
 public:
  explicit DetachedSharers(ProbeEngine& engine) : engine_(engine) {}

  /// Whether one that may ask so may be detached: nothing that it can meet in that memory needs us. `creator`: null if
  /// it is gone.
  bool may_leave(const Thread& child, const Thread* creator) const;
  /// The thread has been detached. If it is such a child, the engine hears of its end when the creator goes on.
  void keep(std::unique_ptr<Thread> detached, const Thread* creator);
  /// The thread has stopped or ended: it does not wait for a child any more, if it did.
  void end_wait(pid_t creator);
  /// Whether it waits for one that runs in its memory.
  bool run_for(pid_t creator) const { return by_creators_.contains(creator); }

 private:
  ProbeEngine& engine_;
  std::map<pid_t, std::unique_ptr<Thread>> by_creators_;
};

}  // namespace vdsotrace
