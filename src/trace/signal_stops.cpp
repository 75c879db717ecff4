#include "trace/signal_stops.hpp"

#include <algorithm>
#include <csignal>
#include <string_view>
#include <utility>

#include "model/syscalls/spec.hpp"
#include "os/proc/proc.hpp"
#include "os/proc/process_numbers.hpp"
#include "trace/calls/callers.hpp"
#include "trace/core_dump.hpp"
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

/// Of what a breakpoint raises.
bool may_be_breakpoint(const siginfo_t& info) { return info.si_code == SI_KERNEL || has_lost_its_cause(info); }

bool is_of_memory(const siginfo_t& info) { return info.si_signo == SIGSEGV || info.si_signo == SIGBUS; }

/// Whether the thread's own instruction has raised it: no process has sent it (sigaction(2), si_code).
bool is_fault(const siginfo_t& info) { return is_of_memory(info) && info.si_code > 0 && info.si_code != SI_KERNEL; }

/// The same, also of an address that no program can use (SI_KERNEL), and of a signal that has lost its cause.
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
  if (mask) stopped.thread().blocked = BlockedSignals(*mask);
}

}  // namespace

/// At an attach the thread has made calls for us since, and has stopped again. If a SIGCONT came in between, this is no
/// group-stop any more, and a thread that listens in another stop is never woken.
Resume SignalStops::on_group_stop(StoppedThread& stopped, int signal) {
  const auto now = ptrace::signal_info(stopped.tid());
  if (now && now->si_signo == SIGTRAP) return {};
  engine_.on_interrupted(stopped);
  reporter_.report(stopped.thread(), GroupStopped{signal, stacks_ ? stack_of(stopped) : std::vector<Caller>()});
  return {Resume::How::listen, 0};
}

/// Of a trap, or of what stands for one, that an engine has caused.
std::optional<Resume> SignalStops::on_engine_trap(StoppedThread& stopped, int signal, const siginfo_t& info) {
  // The trap behind a step is delivered before any other signal.
  const bool stepped = std::exchange(stopped.thread().step_due, false) && signal == SIGTRAP;
  if (stepped && ends_step(info) && engine_.on_step(stopped)) {
    repair_signal_state(stopped);
    return Resume{};
  }
  if ((signal == SIGTRAP || signal == SIGSEGV) && may_be_breakpoint(info)) {
    if (const auto how = engine_.on_trap(stopped)) {
      repair_signal_state(stopped);
      return how;
    }
  }
  return signal == SIGTRAP && ends_step(info) && engine_.on_own_step(stopped) ? std::optional(Resume{}) : std::nullopt;
}

/// Of a signal that an engine has caused; nothing of one that is the program's.
std::optional<Resume> SignalStops::on_engine_signal(StoppedThread& stopped, int signal, const siginfo_t& info) {
  if (const auto how = on_engine_trap(stopped, signal, info)) return how;
  if (may_be_fault(info) && engine_.on_fault(stopped, signal)) return Resume{};
  if (signal == SIGSEGV && is_fault(info) && engine_.on_missing_memory(stopped, address_of(info))) {
    repair_signal_state(stopped, SIGSEGV);
    return Resume{};
  }
  return signal == SIGSYS ? engine_.on_dispatched_call(stopped, info) : std::nullopt;
}

Resume SignalStops::on_signal(StoppedThread& stopped, int signal) {
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
  if (stacks_) delivered.stack = stack_of(stopped);
  reporter_.report(stopped.thread(), std::move(delivered));
  note_delivery(stopped, signal);
  return {Resume::How::run, signal};
}

void SignalStops::note_delivery(StoppedThread& stopped, int signal) {
  Thread& thread = stopped.thread();
  if (signal > SignalActions::kSignals || !thread.actions->has_handler(signal)) return;
  note_mask_of_sleep(stopped);
  const KernelSigaction action = thread.actions->of(signal);
  if (const auto* registers = stopped.registers())
    engine_.on_handler(thread, arch::stack_pointer(*registers), (action.flags & SA_ONSTACK) != 0);
  const std::uint64_t itself = (action.flags & SA_NODEFER) == 0 ? signal_bit(signal) : 0;
  thread.blocked.add(action.mask | itself);
  if ((action.flags & SA_RESETHAND) != 0) thread.actions->set(signal, {});
}

void put_back_on_breakpoint(Thread& thread) {
  thread.on_breakpoint = false;
  const auto info = ptrace::signal_info(thread.tid);
  if (!info || !may_be_breakpoint(*info)) return;
  StoppedThread stopped(thread);
  const auto address = stopped.breakpoint_address();
  thread.on_breakpoint = address && thread.space->vdso().has_patch(*address, arch::kBreakpoint) &&
                         stopped.set_program_counter(*address);
  // The session does not know of the stop yet.
  std::move(stopped).abandon();
  thread.stopped = false;
}

}  // namespace vdsotrace
