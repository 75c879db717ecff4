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

std::optional<std::uint64_t> system_call_instruction(const AddressSpace& space) {
  if (space.image() == nullptr || space.abi() != Abi::x86_64) return std::nullopt;
  for (const VdsoFunction& function : space.image()->functions()) {
    if (!function.syscalls.empty()) return space.base() + function.syscalls.front().offset;
  }
  return std::nullopt;
}

/// Runs to the next system call stop. Other stops can only be group-stops, as all
/// signals are blocked; they are taken note of by the kernel and come again.
bool run_to_system_call_stop(pid_t tid) {
  for (;;) {
    if (!ptrace::resume_to_syscall(tid, 0)) return false;
    int raw = 0;
    pid_t seen;
    do {
      // Asked without reaping: the end of the thread is the session's to see.
      siginfo_t info{};
      if (::waitid(P_PID, static_cast<id_t>(tid), &info, WEXITED | WSTOPPED | WNOWAIT | __WALL) != 0 && errno != EINTR)
        return false;
      if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) return false;
      seen = ::waitpid(tid, &raw, __WALL | WNOHANG);
    } while (seen == 0 || (seen < 0 && errno == EINTR));
    if (seen != tid) return false;
    if (WaitStatus(raw).kind() == WaitStatus::Kind::system_call) return true;
  }
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

std::optional<std::int64_t> remote_call(StoppedThread& stopped, std::int64_t nr,
                                        const std::array<std::uint64_t, 6>& args) {
  const pid_t tid = stopped.tid();
  const auto instruction = system_call_instruction(*stopped.thread().space);
  const auto mask = ptrace::signal_mask(tid);
  const auto* current = stopped.registers();
  if (!instruction || !mask || current == nullptr) return std::nullopt;
  if (proc::status_number(tid, "Seccomp").value_or(1) != 0) return std::nullopt;
  const arch::Registers saved = *current;
  if (!ptrace::set_signal_mask(tid, kAllSignals)) return std::nullopt;
  if (!stopped.set_registers(arch::for_system_call(saved, *instruction, nr, args))) return std::nullopt;
  if (!run_to_system_call_stop(tid) || !run_to_system_call_stop(tid)) return std::nullopt;
  const auto after = ptrace::registers(tid);
  stopped.set_registers(saved);
  ptrace::set_signal_mask(tid, *mask);
  if (!after) return std::nullopt;
  return arch::return_value(*after);
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
