// What the stubs have counted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engines/inline/region/stub_blocks.hpp"

namespace vdsotrace {

/// Of one function and clock.
struct StubCount {
  std::uint8_t function = 0;
  std::optional<std::uint32_t> clock;  ///< nothing where calls are not distinguished, or the id is rare
  std::uint64_t entries = 0;
  std::uint64_t fallbacks = 0;
  std::uint64_t errors = 0;  ///< fallbacks that failed
};

/// Totals of one function now; rows that are all zero are left out.
std::vector<StubCount> read_counts(const RegionMemory& memory, const StubBlocks& blocks, std::uint8_t function,
                                   bool clocked);

}  // namespace vdsotrace
