// Programs that lock their memory where no system call of theirs stops.
#pragma once

#include <cstdint>
#include <optional>

#include "trace/task_table.hpp"

namespace vdsotrace {

/// mlockall(2) locks what an engine has mapped in the process, too, and counts it against RLIMIT_MEMLOCK. No mapping
/// that processes may share without privilege is exempt (VM_SPECIAL, mlock_fixup in mm/mlock.c). Where that call does
/// not stop, VmLck in /proc/PID/status shows it: then a thread is stopped for a moment, to unlock what is not the
/// program's.
class LockedMemory {
 public:
  LockedMemory(TaskTable& tasks, ProbeEngine& engine) : tasks_(tasks), engine_(engine) {}

  /// Looks at one process, each in its turn, and interrupts one of its threads if it has locked memory since. Answers
  /// for how many nanoseconds nothing is to be done; nothing: there is no process.
  std::optional<std::int64_t> look(std::int64_t now);
  /// A thread has stopped as it was asked to.
  void on_interruption(StoppedThread& stopped);

 private:
  void look_at(pid_t pid);

  TaskTable& tasks_;
  ProbeEngine& engine_;
  pid_t last_ = 0;         ///< process that was looked at
  std::int64_t next_ = 0;  ///< when to look again
};

}  // namespace vdsotrace
