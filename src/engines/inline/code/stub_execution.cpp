#include "engines/inline/code/stub_execution.hpp"

#include <sys/syscall.h>

#include <cerrno>

#include "arch/return_stub.hpp"

namespace vdsotrace {
namespace {

bool is_nap(const arch::Registers& registers) { return arch::system_call(registers).nr == SYS_futex; }

/// At the stop of a system call that has yet to be made; the program counter stands behind it already.
bool is_before_call(pid_t tid) {
  const auto call = ptrace::syscall_info(tid);
  return call && (call->op == PTRACE_SYSCALL_INFO_ENTRY || call->op == PTRACE_SYSCALL_INFO_SECCOMP);
}

}  // namespace

std::optional<arch::Registers> registers_to_execute(pid_t tid, arch::Registers registers) {
  if (is_before_call(tid) || arch::restarts_call(registers)) {
    if (!is_nap(registers)) return std::nullopt;
    registers = arch::with_result(registers, -EINTR);
  }
  // Nothing of what it does from here on is a system call's outcome; a sleep that has yet to begin is skipped.
  return arch::outside_call(registers);
}

ExecutedStub execute_stub(const arch::Registers& from, arch::EmulatedMemory& memory,
                          const std::function<bool(std::uint64_t)>& inside) {
  arch::StubEmulator emulator(from, memory);
  arch::Registers& registers = emulator.registers();
  for (int i = 0; i < kMostStubSteps; ++i) {
    if (!inside(arch::program_counter(registers))) return {registers};
    const auto outcome = emulator.step();
    if (outcome == arch::StubEmulator::Outcome::next) continue;
    if (outcome == arch::StubEmulator::Outcome::unknown || arch::requested_call(registers) != SYS_futex)
      return {registers};
    // A sleep that is cut short: the ring is looked at again.
    registers = arch::after_call(registers, -EINTR);
  }
  return {registers, true};
}

}  // namespace vdsotrace
