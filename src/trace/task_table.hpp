// Who is whose: the threads under observation, and what creating one and executing a program do to
// what they share.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "trace/attach/departed.hpp"
#include "trace/detached_sharers.hpp"
#include "trace/probe_engine.hpp"
#include "trace/program.hpp"
#include "trace/reporter.hpp"

namespace vdsotrace {

/// How the user wants process trees handled.
struct TaskOptions {
  bool follow = false;     ///< -f: children are traced too
  bool hide_vdso = false;  ///< --no-vdso
  /// -b execve: a process that executes a program is detached, but for the one that we start.
  bool detach_on_exec = false;
  Interruptible interruptible = Interruptible::automatic;  ///< -I
};

/// What a program that we start inherits of our own signal state: sets of signals.
struct LaunchSignals {
  std::uint64_t blocked = 0;
  std::uint64_t ignored = 0;
};

class TaskTable {
 public:
  struct Process {
    std::set<pid_t> threads;
    bool had_threads = false;    ///< more than one at a time, since it executed its program
    std::int64_t locked_kb = 0;  ///< VmLck when it was last looked at (LockedMemory)
    bool is_to_unlock = false;   ///< it has locked what an engine has mapped in it, perhaps
  };

  TaskTable(const TaskOptions& options, ProbeEngine& engine, Reporter& reporter)
      : options_(options), engine_(engine), reporter_(reporter), sharers_(engine) {}

  Thread* find(pid_t tid) const;
  /// Adds a thread of which only the numbers are known.
  Thread& add(pid_t tid, pid_t tgid);
  /// Adds a program that we are about to start.
  Thread& add_launching(pid_t pid, const LaunchSignals& signals);
  /// PTRACE_EVENT_FORK, VFORK or CLONE: makes the child known. Null if it is known already, or if the parent was
  /// killed at this very stop: the child is an orphan then.
  Thread* on_clone(StoppedThread& parent);
  /// The thread has another number from now on: that of its process's leader, which is no more.
  void rename(pid_t former_tid, pid_t tid);
  /// The other threads of its process have ended, of which no wait status says anything.
  void forget_others(const Thread& survivor);
  /// Everybody is under a filter that needs us: a child that is not followed is guarded as long as it lives.
  void keep_all() { keep_all_ = true; }
  /// How a thread goes on whose memory is clean. Its events are not reported from now on.
  Resume detach_or_guard(Thread& thread, int signal) const;
  /// The thread has ended or was detached. Answers what it was; null if it was not known.
  std::unique_ptr<Thread> forget(pid_t tid);

  /// A child that is not followed: takes our patches out of its own copy of the
  /// memory. True if the caller may now detach it; false if its memory is out of our
  /// reach: it is guarded then, as long as it runs this program.
  bool clean(StoppedThread& child);

  /// It cannot be stopped now and nothing of ours is in its memory: it is detached at its next stop.
  void detach_at_next_stop(Thread& thread);

  /// The thread is about to be forgotten: if it is one that may have made a child and not
  /// reported it, what it was is remembered.
  void remember_dead_parent(const Thread& thread, bool killed);
  /// The same of a thread whose exec has ended the others of its process.
  void remember_replaced(const Thread& thread);
  /// Makes an orphan known, a process at its first stop that no event will report any more, from what its creator was.
  /// Null if no task is known that can have made it; with `at_last` a resemblance is enough.
  Thread* claim_orphan(pid_t orphan, bool at_last);
  /// The threads of a process that are known; null if none is.
  const std::set<pid_t>* threads_of(pid_t pid) const;

  /// Whether a thread is left whose events are reported.
  bool any_traced() const;
  /// Whether a thread is left that would run into what we wrote.
  bool any_patched() const;
  bool empty() const { return threads_.empty(); }
  const std::map<pid_t, std::unique_ptr<Thread>>& threads() const { return threads_; }
  const std::map<pid_t, Process>& processes() const { return processes_; }
  /// One of them.
  Process& process(pid_t pid) { return processes_.at(pid); }
  ImageCache& images() { return images_; }
  DetachedSharers& sharers() { return sharers_; }

 private:
  Thread& add_child(const Thread& creator, pid_t tid, std::uint64_t sharing);

  const TaskOptions& options_;
  ProbeEngine& engine_;
  Reporter& reporter_;
  bool keep_all_ = false;
  ImageCache images_;
  std::map<pid_t, std::unique_ptr<Thread>> threads_;
  std::map<pid_t, Process> processes_;
  DetachedSharers sharers_;
  Departed departed_;
};

}  // namespace vdsotrace
