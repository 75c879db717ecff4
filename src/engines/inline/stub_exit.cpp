#include "engines/inline/stub_exit.hpp"

#include <sys/syscall.h>

#include <cerrno>

#include "arch/return_stub.hpp"
#include "arch/stub_emulator.hpp"
#include "arch/stubs.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

/// Longest way out: a stub that waits for room in its ring goes round and round.
constexpr int kMostSteps = 20'000;

class StubMemory final : public arch::EmulatedMemory {
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

/// Where only the process has what it shared with us.
class AbandonedMemory final : public arch::EmulatedMemory {
 public:
  AbandonedMemory(pid_t tid, Memory& memory) : tid_(tid), memory_(memory) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override { return memory_.read(address, into); }
  bool write(std::uint64_t address, std::span<const std::byte> bytes) override {
    return write_remote(tid_, address, bytes);
  }
  std::byte* shared(std::uint64_t, std::size_t) override { return nullptr; }

 private:
  pid_t tid_;
  Memory& memory_;
};

bool is_nap(const arch::Registers& registers) { return arch::system_call(registers).nr == SYS_futex; }

/// At the stop of a system call that has yet to be made; the program counter stands behind it already.
bool is_before_call(pid_t tid) {
  const auto call = ptrace::syscall_info(tid);
  return call && (call->op == PTRACE_SYSCALL_INFO_ENTRY || call->op == PTRACE_SYSCALL_INFO_SECCOMP);
}

/// Registers with which the stub goes on where it was. Nothing for a fallback's system call that has yet to be made, or
/// is to be made again.
std::optional<arch::Registers> settled(pid_t tid, arch::Registers registers) {
  if (is_before_call(tid) || arch::restarts_call(registers)) {
    if (!is_nap(registers)) return std::nullopt;
    registers = arch::with_result(registers, -EINTR);
  }
  // Nothing of what it does from here on is a system call's outcome; a sleep that has yet to begin is skipped.
  return arch::outside_call(registers);
}

using CodeRange = std::function<bool(std::uint64_t)>;

/// How far execution came.
struct Executed {
  arch::Registers registers;
  bool waits = false;  ///< it goes round and round, as there is no room in its ring
};

/// Up to what is outside, or an instruction that only the thread itself can execute.
Executed executed(const arch::Registers& from, arch::EmulatedMemory& memory, const CodeRange& inside) {
  arch::StubEmulator emulator(from, memory);
  arch::Registers& registers = emulator.registers();
  for (int i = 0; i < kMostSteps; ++i) {
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

}  // namespace

bool leave_abandoned_stub(pid_t tid, Memory& memory, const std::function<bool(std::uint64_t)>& inside) {
  const auto current = ptrace::registers(tid);
  if (!current) return false;
  if (!inside(arch::program_counter(*current))) return true;
  const auto from = settled(tid, *current);
  if (!from || ptrace::has_shadow_stack(tid)) return false;
  AbandonedMemory abandoned(tid, memory);
  const Executed done = executed(*from, abandoned, inside);
  return ptrace::set_registers(tid, done.registers) && !inside(arch::program_counter(done.registers));
}

bool leave_stub(StoppedThread& stopped, const InstalledStubs& installed, StubRegion& region) {
  const std::uint64_t vdso = stopped.thread().space->base();
  const CodeRange inside = [&](std::uint64_t pc) { return installed.contain(pc, vdso); };
  const auto* current = stopped.registers();
  if (current == nullptr) return false;
  if (!inside(arch::program_counter(*current))) return true;
  const auto from = settled(stopped.tid(), *current);
  if (!from) return true;
  if (!ptrace::has_shadow_stack(stopped.tid())) {
    StubMemory memory(stopped, region);
    Executed done = executed(*from, memory, inside);
    if (done.waits) {
      // We have just taken all there was: what is in the ring is no order of records.
      region.end_waiting();
      done = executed(done.registers, memory, inside);
    }
    if (!stopped.set_registers(done.registers)) return false;
    if (!inside(arch::program_counter(done.registers))) return true;
  }
  // With the trap flag set it must not outlive us.
  return stopped.thread().on_tracer_death == ptrace::OnTracerDeath::kill && step_out(stopped, inside, kMostSteps);
}

bool leave_stub_for_good(StoppedThread& stopped, const InstalledStubs& installed, StubRegion& region) {
  const std::uint64_t vdso = stopped.thread().space->base();
  const auto* current = stopped.registers();
  if (current == nullptr) return false;
  const MovedFallback* fallback = installed.fallback_before(arch::program_counter(*current), vdso);
  if (fallback != nullptr && !settled(stopped.tid(), *current)) {
    const auto saved = stopped.memory().object<std::uint64_t>(arch::stack_pointer(*current));
    return saved && stopped.set_registers(arch::at_original_call(*current, *saved, vdso + fallback->original));
  }
  if (!leave_stub(stopped, installed, region)) return false;
  const auto* now = stopped.registers();
  return now != nullptr && !installed.contain(arch::program_counter(*now), vdso);
}

}  // namespace vdsotrace
