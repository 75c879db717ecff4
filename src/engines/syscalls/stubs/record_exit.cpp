#include "engines/syscalls/stubs/record_exit.hpp"

#include "arch/record_stub.hpp"
#include "arch/return_stub.hpp"
#include "arch/stub_layout.h"
#include "os/memory/emulated_memory.hpp"

namespace vdsotrace {
namespace {

using Executed = arch::StubEmulator::Outcome;

/// Of a thread that stands at the call or right behind it.
std::optional<LeftRecordStub> outside_call(StoppedThread& stopped, const arch::Registers& registers, bool made) {
  const auto base = stopped.memory().object<std::uint64_t>(arch::record_block(registers) + BLOCK_CALL_BASE);
  if (!base) return std::nullopt;
  return LeftRecordStub{arch::with_record_base(registers, *base), made};
}

/// Executes the next instruction, so far behind the stub's beginning, or goes on without what it cannot copy. Nothing
/// if it can do neither.
std::optional<Executed> advance(arch::StubEmulator& emulator, std::size_t offset, bool made) {
  if (arch::waits_in_record_stub(offset)) emulator.registers() = arch::behind_wait(emulator.registers());
  const auto without = arch::without_copy(emulator.registers(), offset);
  // A call that is not made yet will be made from the beginning: nothing need be copied for that.
  const Executed outcome = without && !made ? Executed::unknown : emulator.step();
  if (outcome != Executed::unknown) return outcome;
  if (!without) return std::nullopt;
  emulator.registers() = *without;
  return Executed::next;
}

}  // namespace

std::optional<LeftRecordStub> leave_record_stub(StoppedThread& stopped, const CallMemory& memory,
                                                const CallMemory::Position& position, bool records) {
  const arch::Registers from = *stopped.registers();
  const bool made = arch::has_called_in_record_stub(position.offset);
  if (made && !records && arch::restarts_call(from)) return outside_call(stopped, from, true);
  // What the thread alone writes: no instruction of a record stub is locked.
  ProcessMemory own(stopped.tid(), stopped.memory());
  arch::StubEmulator emulator(from, own);
  for (int step = 0; step < arch::kMostRecordSteps; ++step) {
    const auto now = memory.position_of(arch::program_counter(emulator.registers()));
    if (!now || now->leaves || now->place != position.place) return LeftRecordStub{emulator.registers(), made};
    const auto outcome = advance(emulator, now->offset, made);
    if (!outcome) return std::nullopt;
    if (*outcome == Executed::system_call) return outside_call(stopped, emulator.registers(), false);
  }
  return std::nullopt;
}

}  // namespace vdsotrace
