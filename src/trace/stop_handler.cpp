#include "trace/stop_handler.hpp"

#include <algorithm>
#include <csignal>
#include <string_view>

#include "model/syscalls/spec.hpp"
#include "os/proc.hpp"
#include "os/process_numbers.hpp"
#include "os/remote_writes.hpp"
#include "trace/core_dump.hpp"
#include "trace/remote/barred_restart.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

/// The kernel stops a stepped thread once more, without a signal, where that step has led into a handler
/// (signal_setup_done, kernel/signal.c). A debug exception whose cause the processor, or what emulates it, does not
/// name is TRAP_BRKPT (get_si_code, arch/x86/kernel/traps.c).
bool ends_step(const siginfo_t& info) {
  return info.si_code == TRAP_TRACE || info.si_code == TRAP_BRKPT || info.si_code == SIGTRAP;
}

/// Where the kernel has no memory for it, or the user has too many signals pending (Linux 5.14 to 6.11), a signal comes
/// without what it is about: as if no process had sent it (collect_signal, kernel/signal.c).
bool has_lost_its_cause(const siginfo_t& info) {
  return info.si_code == SI_USER && info.si_pid == 0 && info.si_uid == 0;
}

bool is_of_memory(const siginfo_t& info) { return info.si_signo == SIGSEGV || info.si_signo == SIGBUS; }

/// Whether the thread's own instruction has raised it: no process has sent it (sigaction(2), si_code).
bool is_fault(const siginfo_t& info) { return is_of_memory(info) && info.si_code > 0 && info.si_code != SI_KERNEL; }

/// The same where the address that it used is none at all (SI_KERNEL), or nothing is known of it.
bool may_be_fault(const siginfo_t& info) {
  return is_of_memory(info) && (info.si_code > 0 || has_lost_its_cause(info));
}

std::uint64_t address_of(const siginfo_t& fault) { return reinterpret_cast<std::uintptr_t>(fault.si_addr); }

/// Calls that sleep under a signal mask of their own. A handler that ends them runs under that.
constexpr std::string_view kMaskingSleeps[] = {"rt_sigsuspend", "sigsuspend",   "ppoll",        "pselect6",
                                               "epoll_pwait",   "epoll_pwait2", "ppoll_time64", "pselect6_time64"};

void note_mask_of_sleep(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const auto call = arch::system_call(*registers);
  const CallSpec* spec = call.nr >= 0 ? spec_of(call.abi, call.nr) : nullptr;
  if (spec == nullptr || std::ranges::find(kMaskingSleeps, spec->name) == std::end(kMaskingSleeps)) return;
  // PTRACE_GETSIGMASK answers what the call will put back.
  const auto mask = proc::status_signals(stopped.tid(), "SigBlk");
  if (mask) stopped.thread().note_mask(*mask);
}

}  // namespace

StopHandler::StopHandler(const TaskOptions& options, const Needs& needs, ProbeEngine& engine, Reporter& reporter,
                         StopPolicy& policy, TaskTable& tasks, Orphans& orphans, Program& program,
                         CallerNotices& callers, LockedMemory& locked)
    : engine_(engine),
      reporter_(reporter),
      policy_(policy),
      tasks_(tasks),
      orphans_(orphans),
      program_(program),
      callers_(callers),
      locked_(locked),
      execs_(options, tasks, engine, reporter),
      calls_(needs, engine, reporter),
      vsyscalls_(needs, engine, reporter),
      instruction_pointers_(needs.instruction_pointers),
      processes_(needs.processes) {}

Thread* StopHandler::thread_of(const TraceeStop& stop) {
  if (stop.status.kind() == WaitStatus::Kind::event && stop.status.event() == PTRACE_EVENT_EXEC)
    on_leader_superseded(stop.tid);
  Thread* thread = tasks_.find(stop.tid);
  if (thread == nullptr) {
    orphans_.keep(stop);
  } else {
    thread->kernel_ns = stop.kernel_ns;
  }
  return thread;
}

void StopHandler::handle(Thread& thread, const WaitStatus& status) {
  if (status.ended()) {
    on_end(thread, status);
    return;
  }
  if (status.kind() == WaitStatus::Kind::continued) return;
  StoppedThread stopped(thread);
  const RemoteWrites writes(thread.tid);
  thread.vfork_child = 0;
  judge_calls_again(stopped);
  Resume how = decide(stopped, status);
  callers_.report(thread);
  if (how.how == Resume::How::run) how.how = engine_.resume_mode(stopped);
  const bool loads = thread.phase == Thread::Phase::launching && thread.in_call &&
                     thread.in_call->call.name == "execve";
  go_on(std::move(stopped), how, status);
  if (loads) execs_.expect_own_image();
}

void StopHandler::go_on(StoppedThread&& stopped, Resume how, const std::optional<WaitStatus>& status) {
  if (how.delay_ns > 0) {
    delays_.add(stopped.tid(), {how, status});
    std::move(stopped).resume({Resume::How::hold, 0});
    return;
  }
  const auto kind = status ? status->kind() : WaitStatus::Kind::attach_stop;
  const bool interrupted = kind == WaitStatus::Kind::attach_stop || kind == WaitStatus::Kind::group_stop ||
                           kind == WaitStatus::Kind::signal;
  const bool stays = how.how == Resume::How::hold || how.how == Resume::How::listen;
  if (interrupted && !stays) let_call_go_on(stopped, how.how == Resume::How::detach);
  const bool calls = policy_.stops(stopped.thread());
  const pid_t tid = stopped.tid();
  std::move(stopped).resume(how, calls);
  if (how.how == Resume::How::detach) tasks_.forget(tid);
}

void StopHandler::end_delays(std::int64_t now) {
  for (const auto& [tid, stop] : delays_.take_due(now)) {
    Thread* thread = tasks_.find(tid);
    if (thread != nullptr && thread->stopped) go_on(StoppedThread(*thread), stop.how, stop.status);
  }
}

/// exec by another thread ends the leader without a wait status; its number lives on.
void StopHandler::on_leader_superseded(pid_t leader) {
  const auto former = static_cast<pid_t>(ptrace::event_message(leader).value_or(0));
  if (former == leader || former == 0) return;
  delays_.forget(leader);
  if (Thread* superseded = tasks_.find(leader)) calls_.on_end(*superseded);
  execs_.take_over(leader, former);
}

void StopHandler::on_end(Thread& thread, const WaitStatus& status) {
  delays_.forget(thread.tid);
  calls_.on_end(thread);
  vsyscalls_.on_end(thread);
  engine_.on_end(thread);
  callers_.report(thread);
  const bool signaled = status.kind() == WaitStatus::Kind::killed;
  if (thread.phase == Thread::Phase::launching) {
    reporter_.report_of_launch(thread, Exited{signaled, status.core_dumped(), status.code()});
  }
  reporter_.report(thread, Exited{signaled, status.core_dumped(), status.code()});
  program_.on_end(thread, status);
  tasks_.remember_dead_parent(thread, signaled);
  tasks_.forget(thread.tid);
}

Resume StopHandler::decide(StoppedThread& stopped, const WaitStatus& status) {
  Thread& thread = stopped.thread();
  if (thread.phase == Thread::Phase::fresh) {
    const Resume first = on_first_stop(stopped);
    if (first.how != Resume::How::run) return first;
  }
  engine_.on_stop(thread);
  vsyscalls_.on_stop(stopped);
  if (thread.executed && status.kind() == WaitStatus::Kind::system_call) {
    // The end of execve: nothing of the new program has run, and unlike at the event before, it can make calls for us.
    thread.executed = false;
    if (thread.space->image() != nullptr) engine_.install(*thread.space, stopped, {});
    policy_.apply_after_exec(*thread.space);
  }
  switch (status.kind()) {
    case WaitStatus::Kind::system_call: return calls_.on_stop(stopped);
    case WaitStatus::Kind::signal: return on_signal(stopped, status.signal());
    case WaitStatus::Kind::group_stop: return on_group_stop(stopped, status.signal());
    case WaitStatus::Kind::event: return on_event(stopped, status.event());
    case WaitStatus::Kind::attach_stop: locked_.on_interruption(stopped); return {};
    default: return {};
  }
}

Resume StopHandler::on_first_stop(StoppedThread& stopped) {
  Thread& thread = stopped.thread();
  thread.phase = Thread::Phase::live;
  if (thread.role == Thread::Role::released && tasks_.clean(stopped)) return tasks_.detach_or_guard(thread, 0);
  engine_.on_first_stop(stopped);
  return {};
}

/// At an attach we made calls on it since, and it stopped again: by a SIGCONT in between it is no group-stop any more,
/// and a thread that listens in another stop is never woken.
Resume StopHandler::on_group_stop(StoppedThread& stopped, int signal) {
  const auto now = ptrace::signal_info(stopped.tid());
  if (now && now->si_signo == SIGTRAP) return {};
  engine_.on_interrupted(stopped);
  reporter_.report(stopped.thread(), GroupStopped{signal});
  return {Resume::How::listen, 0};
}

Resume StopHandler::on_event(StoppedThread& stopped, int event) {
  if (event == PTRACE_EVENT_EXEC) return on_exec(stopped);
  if (event == PTRACE_EVENT_SECCOMP) return on_filtered(stopped);
  if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
    stopped.thread().rests = event == PTRACE_EVENT_VFORK;
    if (const Thread* child = tasks_.on_clone(stopped)) orphans_.claim_stop(child->tid);
  }
  return {};
}

Resume StopHandler::on_exec(StoppedThread& stopped) {
  Thread& thread = stopped.thread();
  if (thread.phase == Thread::Phase::launching) {
    policy_.confirm(thread.filtered);
    thread.filtered = policy_.filtered();
    if (thread.filtered) tasks_.keep_all();
  }
  const auto former = static_cast<pid_t>(ptrace::event_message(thread.tid).value_or(0));
  return execs_.on_exec(stopped, former);
}

Resume StopHandler::on_filtered(StoppedThread& stopped) {
  const auto info = ptrace::syscall_info(stopped.tid());
  if (!info) return {};
  if (ptrace::event_message(stopped.tid()) != kFilterCookie) {
    stopped.refuse_system_call();
  } else if (!vsyscalls_.on_filtered(stopped, *info)) {
    return calls_.on_filtered(stopped, *info);
  }
  return {};
}

/// Of a trap, or of what stands for one, that an engine has caused.
std::optional<Resume> StopHandler::on_engine_trap(StoppedThread& stopped, int signal, const siginfo_t& info) {
  // The trap behind a step is delivered before any other signal.
  const bool stepped = std::exchange(stopped.thread().step_due, false) && signal == SIGTRAP;
  if (stepped && ends_step(info) && engine_.on_step(stopped)) {
    repair_signal_state(stopped);
    return Resume{};
  }
  if ((signal == SIGTRAP || signal == SIGSEGV) && (info.si_code == SI_KERNEL || has_lost_its_cause(info))) {
    if (const auto how = engine_.on_trap(stopped)) {
      repair_signal_state(stopped);
      return how;
    }
  }
  return signal == SIGTRAP && ends_step(info) && engine_.on_own_step(stopped) ? std::optional(Resume{}) : std::nullopt;
}

/// Of a signal that an engine has caused; nothing of one that is the program's.
std::optional<Resume> StopHandler::on_engine_signal(StoppedThread& stopped, int signal, const siginfo_t& info) {
  if (const auto how = on_engine_trap(stopped, signal, info)) return how;
  if (may_be_fault(info) && engine_.on_fault(stopped, signal)) return Resume{};
  if (signal == SIGSEGV && is_fault(info) && engine_.on_missing_memory(stopped, address_of(info))) {
    repair_signal_state(stopped, SIGSEGV);
    return Resume{};
  }
  return signal == SIGSYS ? engine_.on_dispatched_call(stopped, info) : std::nullopt;
}

Resume StopHandler::on_signal(StoppedThread& stopped, int signal) {
  const auto info = ptrace::signal_info(stopped.tid());
  if (!info) return {};
  if (const auto how = on_engine_signal(stopped, signal, *info)) return *how;
  engine_.on_interrupted(stopped);
  // SIGSTOP runs no handler. Delivered from another stop than this one it would no longer be taken back by a SIGCONT
  // that has come meanwhile (JOBCTL_STOP_DEQUEUED, kernel/signal.c).
  if (signal != SIGSTOP) engine_.move_out_of_engine_code(stopped);
  if (is_fault(*info)) calls_.on_fault(stopped);
  show_own_code_in_core(stopped, signal, tasks_, engine_);
  Signal delivered{*info};
  if (processes_.any()) delivered.sender = process_facts(stopped.tid(), info->si_pid, ProcessKind::process, processes_);
  const auto* registers = instruction_pointers_ ? stopped.registers() : nullptr;
  if (registers != nullptr) delivered.instruction_pointer = arch::program_counter(*registers);
  reporter_.report(stopped.thread(), delivered);
  note_delivery(stopped, signal);
  return {Resume::How::run, signal};
}

void StopHandler::note_delivery(StoppedThread& stopped, int signal) {
  Thread& thread = stopped.thread();
  if (signal > SignalActions::kSignals || !thread.actions->has_handler(signal)) return;
  note_mask_of_sleep(stopped);
  const KernelSigaction action = thread.actions->of(signal);
  if (const auto* registers = stopped.registers())
    engine_.on_handler(thread, arch::stack_pointer(*registers), (action.flags & SA_ONSTACK) != 0);
  const std::uint64_t itself = (action.flags & SA_NODEFER) == 0 ? signal_bit(signal) : 0;
  thread.blocked |= (action.mask | itself) & kForcedSignals;
  if ((action.flags & SA_RESETHAND) != 0) thread.actions->set(signal, {});
}

}  // namespace vdsotrace
