#include "engines/stub_exit.hpp"

#include <sys/syscall.h>

#include <cerrno>

#include "arch/return_stub.hpp"
#include "engines/stub_emulator.hpp"
#include "trace/remote_call.hpp"

namespace vdsotrace {
namespace {

/// Longest way out: a stub that waits for room in its ring goes round and round.
constexpr int kMostSteps = 20'000;

class StubMemory final : public EmulatedMemory {
 public:
  StubMemory(StoppedThread& stopped, const StubRegion& region) : stopped_(stopped), region_(region) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    return stopped_.memory().read(address, into);
  }
  bool write(std::uint64_t address, std::span<const std::byte> bytes) override {
    return write_remote(stopped_.tid(), address, bytes);
  }
  std::byte* shared(std::uint64_t address, std::size_t size) override { return region_.shared(address, size); }

 private:
  StoppedThread& stopped_;
  const StubRegion& region_;
};

bool is_nap(const arch::Registers& registers) { return registers.orig_rax == SYS_futex; }

/// At the stop of a system call that has yet to be made; the program counter stands behind it already.
bool is_before_call(pid_t tid) {
  const auto call = ptrace::syscall_info(tid);
  return call && (call->op == PTRACE_SYSCALL_INFO_ENTRY || call->op == PTRACE_SYSCALL_INFO_SECCOMP);
}

/// Registers with which the stub goes on where it was. Nothing for a fallback's system call that has yet to be made, or is to
/// be made again.
std::optional<arch::Registers> settled(pid_t tid, arch::Registers registers) {
  if (is_before_call(tid)) return std::nullopt;
  if (arch::restarts_call(registers)) {
    if (!is_nap(registers)) return std::nullopt;
    registers.rax = static_cast<std::uint64_t>(-EINTR);
  }
  // Nothing of what it does from here on is a system call's outcome.
  registers.orig_rax = ~std::uint64_t{0};
  return registers;
}

/// A nap that is cut short: the ring is looked at again.
void skip_nap(arch::Registers& registers) {
  registers.rax = static_cast<std::uint64_t>(-EINTR);
  registers.rip += arch::kSystemCall.size();
  registers.rcx = registers.rip;
  registers.r11 = registers.eflags;
}

/// How far execution came.
struct Executed {
  std::optional<arch::Registers> outside;  ///< nothing if they could not be found out
  bool waits = false;                      ///< it goes round and round, as there is no room in its ring
};

Executed executed(const arch::Registers& from, EmulatedMemory& memory, const PlacedStubs& placed) {
  StubEmulator emulator(from, memory);
  for (int i = 0; i < kMostSteps; ++i) {
    arch::Registers& registers = emulator.registers();
    if (!placed.in_template(registers.rip)) return {registers};
    const auto outcome = emulator.step();
    if (outcome == StubEmulator::Outcome::next) continue;
    if (outcome == StubEmulator::Outcome::unknown || registers.rax != SYS_futex) return {};
    skip_nap(registers);
  }
  return {std::nullopt, true};
}

}  // namespace

bool leave_stub(StoppedThread& stopped, const PlacedStubs& placed, StubRegion& region) {
  const auto inside = [&](std::uint64_t pc) { return placed.in_template(pc); };
  const auto* current = stopped.registers();
  if (current == nullptr) return false;
  if (!inside(arch::program_counter(*current))) return true;
  const auto from = settled(stopped.tid(), *current);
  if (!from) return true;
  StubMemory memory(stopped, region);
  if (!ptrace::has_shadow_stack(stopped.tid())) {
    Executed done = executed(*from, memory, placed);
    if (done.waits) {
      // We have just taken all there was: what is in the ring is no order of records.
      region.end_waiting();
      done = executed(*from, memory, placed);
    }
    if (done.outside) return stopped.set_registers(*done.outside);
    if (done.waits) return false;
  }
  return step_out(stopped, inside, kMostSteps);
}

}  // namespace vdsotrace
