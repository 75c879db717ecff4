#include "engines/syscalls/record_exit.hpp"

#include "arch/record_stub.hpp"
#include "arch/return_stub.hpp"
#include "arch/stub_layout.h"
#include "os/emulated_memory.hpp"

namespace vdsotrace {
namespace {

/// More than a stub executes that copies as much as a record has room for.
constexpr int kMostSteps = 8 * RECORD_MOST_BYTES;

/// Of a thread that stands at the call or right behind it.
std::optional<arch::Registers> at_call(StoppedThread& stopped, const arch::Registers& registers) {
  const auto base = stopped.memory().object<std::uint64_t>(arch::record_block(registers) + BLOCK_CALL_BASE);
  return base ? std::optional(arch::with_record_base(registers, *base)) : std::nullopt;
}

}  // namespace

std::optional<LeftRecordStub> leave_record_stub(StoppedThread& stopped, const CallMemory& memory,
                                                const CallMemory::Position& position, bool records) {
  const arch::Registers from = *stopped.registers();
  const bool made = arch::has_called_in_record_stub(position.offset);
  const auto outside_call = [&](const arch::Registers& registers, bool is_made) -> std::optional<LeftRecordStub> {
    const auto own = at_call(stopped, registers);
    return own ? std::optional(LeftRecordStub{*own, is_made}) : std::nullopt;
  };
  if (made && !records && arch::restarts_call(from)) return outside_call(from, true);
  // What the thread alone writes: no instruction of a record stub is locked.
  ProcessMemory own(stopped.tid(), stopped.memory());
  arch::StubEmulator emulator(from, own);
  for (int step = 0; step < kMostSteps; ++step) {
    const auto now = memory.position_of(arch::program_counter(emulator.registers()));
    if (!now || now->leaves || now->place != position.place) return LeftRecordStub{emulator.registers(), made};
    if (arch::waits_in_record_stub(now->offset)) emulator.registers() = arch::behind_wait(emulator.registers());
    const auto without = arch::without_copy(emulator.registers(), now->offset);
    // It will make the call from the beginning: nothing need be copied for that.
    const auto outcome = without && !made ? arch::StubEmulator::Outcome::unknown : emulator.step();
    if (outcome == arch::StubEmulator::Outcome::unknown) {
      if (!without) return std::nullopt;
      emulator.registers() = *without;
    }
    if (outcome == arch::StubEmulator::Outcome::system_call) return outside_call(emulator.registers(), false);
  }
  return std::nullopt;
}

}  // namespace vdsotrace
