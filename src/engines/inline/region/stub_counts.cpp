#include "engines/inline/region/stub_counts.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

std::uint64_t entries(const RegionMemory& memory, const StubBlocks& blocks, std::uint8_t function, unsigned column) {
  const std::size_t place = BLOCK_ROWS + (std::size_t{function} << ROW_LOG2) + column * sizeof(std::uint64_t);
  std::uint64_t sum = memory.load<std::uint64_t>(REGION_SHARED + place);
  // Blocks that were never used are left alone: reading them would allocate their memory.
  for (std::size_t number = 0; number < blocks.used(); ++number)
    sum += memory.load<std::uint64_t>(blocks[number].offset + place);
  return sum;
}

/// Only clocks that no vDSO serves have no column: all their calls are fallbacks.
void split_other_clocks(const RegionMemory& memory, std::vector<StubCount>& counts) {
  StubCount rest = counts.back();
  counts.pop_back();
  for (unsigned i = 0; i < OTHERS_COUNT; ++i) {
    const std::size_t cell = REGION_OTHERS + (std::size_t{i} << OTHER_LOG2);
    const auto key = memory.load<std::uint64_t>(cell);
    if (key >> 32 != std::uint64_t{rest.function} + 1) continue;
    StubCount count{rest.function, static_cast<std::uint32_t>(key), 0, 0, 0};
    count.entries = count.fallbacks = std::min(memory.load<std::uint64_t>(cell + OTHER_CALLS), rest.fallbacks);
    count.errors = std::min(memory.load<std::uint64_t>(cell + OTHER_ERRORS), rest.errors);
    rest.entries -= std::min(rest.entries, count.entries);
    rest.fallbacks -= count.fallbacks;
    rest.errors -= count.errors;
    counts.push_back(count);
  }
  if (rest.entries != 0 || rest.fallbacks != 0) counts.push_back(rest);
}

}  // namespace

std::vector<StubCount> read_counts(const RegionMemory& memory, const StubBlocks& blocks, std::uint8_t function,
                                   bool clocked) {
  std::vector<StubCount> result;
  for (unsigned column = 0; column <= (clocked ? CLOCK_OTHER : 0u); ++column) {
    const std::size_t fallbacks = REGION_FALLBACKS + (std::size_t{function} << ROW_LOG2) +
                                  column * sizeof(std::uint64_t);
    StubCount count;
    count.function = function;
    if (clocked && column < CLOCK_OTHER) count.clock = column;
    count.entries = entries(memory, blocks, function, column);
    count.fallbacks = memory.load<std::uint64_t>(fallbacks);
    count.errors = memory.load<std::uint64_t>(fallbacks + (std::size_t{1} << FALLBACK_KIND_LOG2));
    if (count.entries != 0 || count.fallbacks != 0) result.push_back(count);
  }
  if (clocked && !result.empty() && !result.back().clock) split_other_clocks(memory, result);
  return result;
}

}  // namespace vdsotrace
