#include "trace/remote_call.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>

#include "os/proc.hpp"
#include "os/remote_memory.hpp"
#include "os/wait_status.hpp"

namespace vdsotrace {
namespace {

/// Below the stack pointer the ABI reserves 128 bytes (red zone, psABI 3.2.2).
constexpr std::uint64_t kRedZone = 128;
constexpr std::uint64_t kAllSignals = ~std::uint64_t{0};

/// Waits for the thread's next stop. Nothing if it has ended: that is the session's to reap.
std::optional<WaitStatus> next_stop(pid_t tid) {
  int raw = 0;
  pid_t seen;
  do {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(tid), &info, WEXITED | WSTOPPED | WNOWAIT | __WALL) != 0 && errno != EINTR)
      return std::nullopt;
    if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) return std::nullopt;
    seen = ::waitpid(tid, &raw, __WALL | WNOHANG);
  } while (seen == 0 || (seen < 0 && errno == EINTR));
  if (seen != tid) return std::nullopt;
  return WaitStatus(raw);
}

/// Runs to the next system call stop. Other stops can only be our filter's, between entry and exit, and group-stops,
/// as all signals are blocked; they are taken note of by the kernel and come again.
bool run_to_system_call_stop(pid_t tid) {
  for (;;) {
    if (!ptrace::resume_to_syscall(tid, 0)) return false;
    const auto status = next_stop(tid);
    if (!status) return false;
    if (status->kind() == WaitStatus::Kind::system_call) return true;
  }
}

/// Whether the thread was interrupted in a system call that the kernel will begin again
/// (ERESTARTSYS to ERESTART_RESTARTBLOCK, linux/errno.h).
bool restarts(const arch::Registers& registers) {
  const auto result = arch::return_value(registers);
  return static_cast<std::int64_t>(registers.orig_rax) >= 0 && result <= -512 && result >= -516;
}

/// Under a filter of its own a process might be killed for a call that we make it do.
bool under_other_filters(const Thread& thread) {
  if (proc::status_number(thread.tid, "Seccomp").value_or(1) == 0) return false;
  return !thread.filtered || proc::status_number(thread.tid, "Seccomp_filters") != 1;
}

/// The program's action for SIGTRAP, set again through memory below its stack pointer.
void restore_trap_action(StoppedThread& stopped, const KernelSigaction& action) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const std::uint64_t place =
      (arch::stack_pointer(*registers) - kRedZone - sizeof action) & ~std::uint64_t{15};
  const auto before = stopped.memory().object<KernelSigaction>(place);
  if (!before || !write_remote(stopped.tid(), place, std::as_bytes(std::span(&action, 1)))) return;
  remote_call(stopped, SYS_rt_sigaction, {SIGTRAP, place, 0, sizeof(std::uint64_t), 0, 0});
  write_remote(stopped.tid(), place, std::as_bytes(std::span(&*before, 1)));
}

}  // namespace

RemoteCalls::RemoteCalls(StoppedThread& stopped) : stopped_(stopped) {
  const auto instruction = stopped.thread().space->system_call_instruction();
  const auto* current = stopped.registers();
  if (!instruction || current == nullptr || stopped.thread().space->abi() != Abi::x86_64) return;
  if (under_other_filters(stopped.thread())) return;
  const auto mask = ptrace::signal_mask(stopped.tid());
  if (!mask || !ptrace::set_signal_mask(stopped.tid(), kAllSignals)) return;
  mask_ = *mask;
  saved_ = *current;
  instruction_ = instruction;
}

RemoteCalls::~RemoteCalls() {
  if (!instruction_) return;
  stopped_.set_registers(saved_);
  ptrace::set_signal_mask(stopped_.tid(), mask_);
  // The kernel restarts a call only on its way out of a stop for a signal; this stop was for a call.
  if (restarts(saved_)) ptrace::interrupt(stopped_.tid());
}

std::optional<std::int64_t> RemoteCalls::call(std::int64_t nr, const std::array<std::uint64_t, 6>& args) {
  if (!instruction_) return std::nullopt;
  if (!stopped_.set_registers(arch::for_system_call(saved_, *instruction_, nr, args))) return std::nullopt;
  if (!run_to_system_call_stop(stopped_.tid()) || !run_to_system_call_stop(stopped_.tid())) return std::nullopt;
  const auto after = ptrace::registers(stopped_.tid());
  if (!after) return std::nullopt;
  return arch::return_value(*after);
}

std::optional<std::int64_t> remote_call(StoppedThread& stopped, std::int64_t nr,
                                        const std::array<std::uint64_t, 6>& args) {
  return RemoteCalls(stopped).call(nr, args);
}

bool step_out(StoppedThread& stopped, const std::function<bool(std::uint64_t)>& inside, int most) {
  const pid_t tid = stopped.tid();
  const auto* registers = stopped.registers();
  if (registers == nullptr) return false;
  if (!inside(arch::program_counter(*registers))) return true;
  const auto mask = ptrace::signal_mask(tid);
  const auto signal = ptrace::signal_info(tid);
  // The trap of a step is forced: held back, it would take the program's action for SIGTRAP away.
  if (!mask || !ptrace::set_signal_mask(tid, kAllSignals & ~signal_bit(SIGTRAP))) return false;
  bool out = false;
  for (int step = 0; step < most && !out; ++step) {
    if (!ptrace::step(tid) || !next_stop(tid)) return false;
    const auto now = ptrace::registers(tid);
    if (!now) return false;
    out = !inside(arch::program_counter(*now));
  }
  stopped.forget_registers();
  ptrace::set_signal_mask(tid, *mask);
  if (stopped.thread().actions->ignored(SIGTRAP)) repair_signal_state(stopped);
  if (signal) ptrace::set_signal_info(tid, *signal);
  return out;
}

void repair_signal_state(StoppedThread& stopped) {
  const Thread& thread = stopped.thread();
  const bool ignored = thread.actions->ignored(SIGTRAP);
  if (!thread.trap_blocked && !ignored) return;
  if (thread.trap_blocked) {
    if (const auto mask = ptrace::signal_mask(stopped.tid()))
      ptrace::set_signal_mask(stopped.tid(), *mask | signal_bit(SIGTRAP));
  }
  const KernelSigaction& action = thread.actions->of(SIGTRAP);
  if (action.handler != 0) restore_trap_action(stopped, action);
}

}  // namespace vdsotrace
