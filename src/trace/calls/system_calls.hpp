// System call stops: which call, which route, and what it changes that we must know.
#pragma once

#include <optional>

#include "os/proc/run_time.hpp"
#include "trace/calls/vsyscall.hpp"
#include "trace/probe_engine.hpp"
#include "trace/reporter.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

class SystemCalls {
 public:
  SystemCalls(const Needs& needs, ProbeEngine& engine, Reporter& reporter)
      : needs_(needs),
        engine_(engine),
        reporter_(reporter),
        vsyscalls_(needs, engine, reporter),
        asks_run_times_(needs.kernel_times && run_times_are_known()) {}

  /// The thread has stopped, whatever for: a call through the vsyscall page is over.
  void on_any_stop(StoppedThread& stopped) { vsyscalls_.on_stop(stopped); }

  /// Each answers how the thread is to go on.
  /// A system call stop of either kind; `info` says which.
  Resume on_stop(StoppedThread& stopped, const __ptrace_syscall_info& info);
  /// Our filter's stop, which stands for the entry of a call, or is of one through the vsyscall page. If the thread is
  /// then in_call, the call's end is a stop too.
  Resume on_filtered(StoppedThread& stopped, const __ptrace_syscall_info& info);
  /// A fault's signal is about to be delivered: shows the call of a vDSO function that has caused it.
  void on_fault(StoppedThread& stopped);
  /// The thread is gone: the call it was in never returns.
  void on_end(Thread& thread);

 private:
  Resume on_entry(StoppedThread& stopped, const __ptrace_syscall_info& info);
  Resume on_exit(StoppedThread& stopped, std::int64_t result, bool failed);
  bool is_wanted(const Thread& thread, const CallInProgress& progress, bool capable) const;
  Resume report_entry(StoppedThread& stopped, CallInProgress& progress, bool capable, bool merged);
  void report_exit(Thread& thread, CallInProgress&& progress);
  std::optional<std::int64_t> kernel_time(const Thread& thread);
  /// What -e inject= does to a call.
  Resume tamper_at_entry(StoppedThread& stopped, CallInProgress& progress, bool vdso_capable);
  Resume tamper_at_exit(StoppedThread& stopped, CallInProgress& progress);

  const Needs& needs_;
  ProbeEngine& engine_;
  Reporter& reporter_;
  Vsyscalls vsyscalls_;
  const bool asks_run_times_;
  RunTimes run_times_;
};

/// A child that asks not to be traced (CLONE_UNTRACED) would inherit our patches and die of
/// them, so the request is taken away while the call runs; after_call puts it back.
void before_call(StoppedThread& stopped, CallInProgress& progress, ProbeEngine& engine);
/// What a call that has returned changed: signal mask and actions, the place of the vDSO.
void after_call(StoppedThread& stopped, const CallInProgress& progress, ProbeEngine& engine);

}  // namespace vdsotrace
