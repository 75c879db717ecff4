// A way from an instruction to a padding that is large enough for a near jump.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/code/function_table.hpp"

namespace vdsotrace {

/// The addresses of jumps: short ones in paddings, `relays` at most, each within reach of the one before it and the
/// first of `from`; then a near one. As few as can be. None overlaps another or what is taken. Empty if there is no
/// way.
std::vector<std::uint64_t> chain_to_padding(std::uint64_t from, std::span<const AddressRange> paddings,
                                            std::size_t relays, std::span<const AddressRange> taken);

}  // namespace vdsotrace
