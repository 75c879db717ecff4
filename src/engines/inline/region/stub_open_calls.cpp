#include "engines/inline/region/stub_open_calls.hpp"

#include <cstring>

namespace vdsotrace {
namespace {

/// What is known of it at its begin.
StubRecord read_open(const RegionMemory& memory, std::size_t offset) {
  StubRecord record;
  const auto commit = memory.load<std::uint64_t>(offset + OPEN_COMMIT);
  record.function = static_cast<std::uint8_t>(commit);
  record.fallback = (commit & RECORD_FALLBACK_FLAG) != 0;
  record.arg0 = memory.load<std::uint64_t>(offset + OPEN_ARG0);
  record.arg1 = memory.load<std::uint64_t>(offset + OPEN_ARG1);
  record.arg2 = memory.load<std::uint64_t>(offset + OPEN_ARG2);
  record.start = memory.load<std::uint64_t>(offset + OPEN_START);
  record.stack = memory.load<std::uint64_t>(offset + OPEN_STACK);
  return record;
}

}  // namespace

std::optional<StubRecord> find_open_call(const RegionMemory& memory, const StubBlock* block, std::uint64_t key,
                                         std::uint64_t stack) {
  const std::size_t first = block != nullptr ? block->offset + BLOCK_OPEN : std::size_t{REGION_SHARED} + SHARED_OPEN;
  const std::size_t count = block != nullptr ? OPEN_COUNT : SHARED_OPEN_COUNT;
  std::optional<StubRecord> nearest;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t offset = first + (i << OPEN_LOG2);
    const auto at = memory.load<std::uint64_t>(offset + OPEN_STACK);
    if (at == 0 || at - stack >= (nearest ? nearest->stack - stack : DEEPEST + 1)) continue;
    StubRecord record = read_open(memory, offset);
    record.key = key;
    if (record.function < FUNCTIONS_MAX && record.stack == at) nearest = record;
  }
  return nearest;
}

void set_open_call_aside(RegionMemory& memory, const StubBlock& block) {
  const std::size_t first = block.offset + BLOCK_OPEN;
  const auto stack = memory.load<std::uint64_t>(first + OPEN_STACK);
  if (stack == 0) return;
  // The other calls follow it, the innermost first, as stubs look for them. They move up to the place of a call that
  // was jumped out of, as that has the same stack pointer, else to a free place; if there is none, the outermost is
  // given up.
  constexpr std::size_t kOpen = std::size_t{1} << OPEN_LOG2;
  const std::size_t last = first + (OPEN_COUNT - 1) * kOpen;
  std::size_t place = last;
  for (const std::uint64_t wanted : {std::uint64_t{0}, stack}) {
    for (std::size_t at = last; at != first; at -= kOpen) {
      if (memory.load<std::uint64_t>(at + OPEN_STACK) == wanted) place = at;
    }
  }
  std::byte* const open = memory.at(first);
  std::memmove(open + kOpen, open, place - first);
  memory.store<std::uint64_t>(first + OPEN_STACK, 0);
}

}  // namespace vdsotrace
