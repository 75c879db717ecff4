#include "engines/perf/sampled_caller.hpp"

#include <algorithm>
#include <optional>

namespace vdsotrace {
namespace {

/// As they are after the return to kDwarfReturnAddress.
FrameRegisters frame_after(const PerfSample& sample, SampledAt at, SampledStack& stack) {
  FrameRegisters frame = arch::frame_registers(sample.registers);
  if (at == SampledAt::system_call) return frame;
  const std::uint64_t stack_pointer = arch::stack_pointer(sample.registers);
  frame[kDwarfReturnAddress] = stack.object<std::uint64_t>(stack_pointer);
  frame[kDwarfStackPointer] = stack_pointer + sizeof(std::uint64_t);
  return frame;
}

}  // namespace

std::size_t SampledStack::read(std::uint64_t address, std::span<std::byte> into) {
  const std::uint64_t offset = address - bottom_;
  if (offset >= bytes_.size()) return 0;
  const auto found = bytes_.subspan(offset).first(std::min<std::size_t>(into.size(), bytes_.size() - offset));
  std::ranges::copy(found, into.begin());
  return found.size();
}

void note_sampled_caller(const PerfSample& sample, SampledAt at, const Needs& needs, Symbols& symbols, Call& call) {
  if (!needs.callers) return;
  SampledStack stack(sample);
  if (!sample.is_64_bit) {
    const UnwindStart start{false, arch::program_counter(sample.registers), arch::dwarf_registers_32(sample.registers)};
    if (at == SampledAt::system_call) call.caller = symbols.caller(sample.tid, stack, start);
    return;
  }
  const auto word = [&stack](std::uint64_t address) { return stack.object<std::uint64_t>(address); };
  const auto found = symbols.caller_addresses(sample.tid, frame_after(sample, at, stack), word);
  call.caller = symbols.places(sample.tid, found);
  if (needs.stacks && call.caller) call.stack = {*call.caller};
}

}  // namespace vdsotrace
