#include "trace/remote/barred_restart.hpp"

#include <ctime>

#include "model/syscalls/spec.hpp"
#include "os/proc/proc.hpp"
#include "trace/remote/remote_call.hpp"
#include "trace/remote/tracee_filters.hpp"

namespace vdsotrace {
namespace {

constexpr std::string_view kRestart = "restart_syscall";
constexpr int kMostMoments = 10'000;

/// The call that will be restarted so, if one will.
std::optional<arch::SystemCallRegisters> interrupted_call(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr || arch::return_value(*registers) != arch::kRestartBlock) return std::nullopt;
  auto call = arch::system_call(*registers);
  if (const auto info = ptrace::syscall_info(stopped.tid()))
    call.abi = arch::abi_of(info->arch, static_cast<std::uint64_t>(call.nr));
  return call.nr >= 0 ? std::optional(call) : std::nullopt;
}

bool is_restart_barred(StoppedThread& stopped, Abi abi) {
  if (!restarts_under_filters(stopped)) return false;
  const auto filters = abi == Abi::i386 ? std::nullopt : TraceeFilters::of(stopped.tid());
  const std::uint64_t instruction = arch::program_counter(*stopped.registers()) - arch::kSystemCall.size();
  return !filters || !filters->allows({abi, number_of(abi, kRestart), {}}, instruction);
}

/// Which of the call's arguments points to the time that it is to sleep, and which to where the kernel has written how
/// much is left.
struct Remainder {
  std::size_t time;
  std::size_t rest;
};

std::optional<Remainder> remainder_of(const arch::SystemCallRegisters& call) {
  const CallSpec* spec = spec_of(call.abi, call.nr);
  const std::string_view name = spec != nullptr ? spec->name : "";
  if (name == "nanosleep") return Remainder{0, 1};
  if (name.starts_with("clock_nanosleep")) return Remainder{2, 3};
  return std::nullopt;
}

void begin_again(StoppedThread& stopped, const arch::SystemCallRegisters& call) {
  arch::Registers registers = arch::with_restart_by_number(*stopped.registers());
  const auto remainder = remainder_of(call);
  if (remainder && call.args[remainder->rest] != 0)
    registers = arch::with_argument(registers, call.abi, remainder->time, call.args[remainder->rest]);
  stopped.set_registers(registers);
}

bool suspend(StoppedThread& stopped, bool suspended) {
  Thread& thread = stopped.thread();
  if (!ptrace::suspend_seccomp(thread.tid, thread.on_tracer_death, thread.filtered, suspended)) return false;
  thread.seccomp_suspended = suspended;
  return true;
}

bool begins_restart(pid_t tid) {
  const auto info = ptrace::syscall_info(tid);
  if (!info || info->op != PTRACE_SYSCALL_INFO_ENTRY) return false;
  const CallSpec* spec = spec_of(arch::abi_of(info->arch, info->entry.nr), static_cast<std::int64_t>(info->entry.nr));
  return spec != nullptr && spec->name == kRestart;
}

}  // namespace

void let_call_go_on(StoppedThread& stopped, bool leaves) {
  const auto call = interrupted_call(stopped);
  if (!call || !is_restart_barred(stopped, call->abi)) return;
  if (leaves || !suspend(stopped, true)) begin_again(stopped, *call);
}

void judge_calls_again(StoppedThread& stopped) {
  if (stopped.thread().seccomp_suspended && !begins_restart(stopped.tid())) suspend(stopped, false);
}

bool go_on_before_leaving(StoppedThread& stopped) {
  const auto call = interrupted_call(stopped);
  if (!call || !is_restart_barred(stopped, call->abi) || !suspend(stopped, true)) return false;
  const auto status = run_to_next_stop(stopped);
  if (!status || !begins_restart(stopped.tid())) {
    if (status) judge_calls_again(stopped);
    return false;
  }
  ptrace::resume(stopped.tid(), 0);
  // The filters are asked at the call's beginning.
  constexpr timespec kMoment{0, 100'000};
  for (int i = 0; i < kMostMoments && proc::state(stopped.tid()) == 'R'; ++i) ::nanosleep(&kMoment, nullptr);
  return true;
}

}  // namespace vdsotrace
