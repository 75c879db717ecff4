// Calls that stubs have opened and that have not returned, as they wait in the blocks of their threads.
#pragma once

#include <optional>

#include "engines/inline/region/stub_blocks.hpp"

namespace vdsotrace {

/// The call that a thread is in, where its stack pointer is `stack`: as far as it is known at its begin. `block`: the
/// thread's own; null: it uses the shared one. `key`: its thread pointer + 1.
std::optional<StubRecord> find_open_call(const RegionMemory& memory, const StubBlock* block, std::uint64_t key,
                                         std::uint64_t stack);
/// A handler is about to interrupt the call: makes room in the block for the calls that the handler makes.
void set_open_call_aside(RegionMemory& memory, const StubBlock& block);

}  // namespace vdsotrace
