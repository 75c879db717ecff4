#include "engines/perf/sampled_caller.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "os/perf/perf_events.hpp"

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

UnwindStart start_of(const PerfSample& sample) {
  const std::uint64_t place = arch::program_counter(sample.registers);
  return {sample.is_64_bit, place,
          sample.is_64_bit ? arch::dwarf_registers(sample.registers) : arch::dwarf_registers_32(sample.registers)};
}

/// A function that is entered is in it itself.
void note_stack(const PerfSample& sample, SampledAt at, pid_t task, SampledStack& stack, Symbols& symbols, Call& call) {
  UnwindStart start = start_of(sample);
  if (at == SampledAt::function_entry) {
    if (auto place = symbols.instruction(task, start.address)) call.stack.push_back(std::move(*place));
    const FrameRegisters after = frame_after(sample, at, stack);
    if (!after[kDwarfReturnAddress]) return;
    start.address = start.registers[kDwarfReturnAddress] = *after[kDwarfReturnAddress];
    start.registers[kDwarfStackPointer] = *after[kDwarfStackPointer];
  }
  auto outer = symbols.stack(task, stack, start);
  call.stack.insert(call.stack.end(), std::make_move_iterator(outer.begin()), std::make_move_iterator(outer.end()));
}

}  // namespace

std::size_t SampledStack::read(std::uint64_t address, std::span<std::byte> into) {
  const std::uint64_t offset = address - bottom_;
  if (offset >= bytes_.size()) return 0;
  const auto found = bytes_.subspan(offset).first(std::min<std::size_t>(into.size(), bytes_.size() - offset));
  std::ranges::copy(found, into.begin());
  return found.size();
}

std::uint32_t sampled_stack_bytes(const Needs& needs) {
  if (needs.stacks) return kMostSampledStack;
  return needs.callers ? kSampledStack : 0;
}

void note_sampled_caller(const PerfSample& sample, SampledAt at, pid_t task, const Needs& needs, Symbols& symbols,
                         Call& call) {
  if ((!needs.callers && !needs.stacks) || (!sample.is_64_bit && at == SampledAt::function_entry)) return;
  SampledStack stack(sample);
  if (needs.stacks) note_stack(sample, at, task, stack, symbols, call);
  if (!needs.callers) return;
  if (!sample.is_64_bit) {
    call.caller = symbols.caller(task, stack, start_of(sample));
    return;
  }
  const auto word = [&stack](std::uint64_t address) { return stack.object<std::uint64_t>(address); };
  call.caller = symbols.places(task, symbols.caller_addresses(task, frame_after(sample, at, stack), word));
}

}  // namespace vdsotrace
