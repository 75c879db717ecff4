// A thread has stopped for a signal, or in a group-stop: whose signal that is, and what follows from it.
#pragma once

#include <optional>

#include "trace/calls/system_calls.hpp"
#include "trace/probe_engine.hpp"
#include "trace/reporter.hpp"
#include "trace/task_table.hpp"

namespace vdsotrace {

/// An engine's signals the program does not get. Its own are reported and delivered, as if nobody traced it.
class SignalStops {
 public:
  SignalStops(const Needs& needs, const TaskTable& tasks, ProbeEngine& engine, Reporter& reporter, SystemCalls& calls)
      : tasks_(tasks),
        engine_(engine),
        reporter_(reporter),
        calls_(calls),
        instruction_pointers_(needs.instruction_pointers),
        stacks_(needs.stacks),
        processes_(needs.limits.processes) {}

  /// Each answers how the thread is to go on.
  Resume on_signal(StoppedThread& stopped, int signal);
  Resume on_group_stop(StoppedThread& stopped, int signal);

 private:
  std::optional<Resume> on_engine_trap(StoppedThread& stopped, int signal, const siginfo_t& info);
  std::optional<Resume> on_engine_signal(StoppedThread& stopped, int signal, const siginfo_t& info);
  void note_delivery(StoppedThread& stopped, int signal);

  const TaskTable& tasks_;
  ProbeEngine& engine_;
  Reporter& reporter_;
  SystemCalls& calls_;
  bool instruction_pointers_;  ///< of signals
  bool stacks_;
  ProcessDetails processes_;
};

/// The thread has stopped for SIGTRAP, and its stop has not been waited for. If that is for a breakpoint of ours in its
/// vDSO, its program counter is put back on it (Thread::on_breakpoint). A stop that is not waited for keeps its signal
/// when we are killed; of one that is the kernel forgets it (wait_task_stopped, kernel/exit.c), and the thread would go
/// on in the middle of the instruction that the breakpoint stands in. So it meets it again.
void put_back_on_breakpoint(Thread& thread);

}  // namespace vdsotrace
