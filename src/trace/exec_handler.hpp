// What an exec changes: a process has one thread, and its memory is another.
#pragma once

#include "trace/task_table.hpp"

namespace vdsotrace {

class ExecHandler {
 public:
  ExecHandler(const TaskOptions& options, TaskTable& tasks, ProbeEngine& engine, Reporter& reporter)
      : options_(options), tasks_(tasks), engine_(engine), reporter_(reporter) {}

  /// The kernel is about to load the program that we start, and will mostly give it the vDSO that we have: takes ours
  /// apart meanwhile.
  void expect_own_image();
  /// PTRACE_EVENT_EXEC, first: a thread that was not the leader has become it. What is known of `former_tid` is from
  /// now on known of `leader`; no wait status reports the end of the old leader.
  void take_over(pid_t leader, pid_t former_tid);
  /// PTRACE_EVENT_EXEC, then: a new program in a new address space. Answers how the
  /// thread goes on: a child that was only guarded has left the patched memory and is detached.
  Resume on_exec(StoppedThread& stopped, pid_t former_tid);

 private:
  void replace_program(StoppedThread& stopped, pid_t former_tid);

  const TaskOptions& options_;
  TaskTable& tasks_;
  ProbeEngine& engine_;
  Reporter& reporter_;
  pid_t taken_over_ = 0;  ///< by a thread whose exec is about to be reported
};

}  // namespace vdsotrace
