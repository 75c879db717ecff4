// What a child shares with its creator, as the call that made it says.
#pragma once

#include <cstdint>

#include "arch/registers.hpp"
#include "vdsotrace/event.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {

/// The flags of clone(2) that stand for the call, also for fork and vfork. 0 if they cannot be read.
std::uint64_t sharing_of(const arch::SystemCallRegisters& call, Memory& memory);

/// glibc's fork() and vfork() are clones; they are known by what they share.
Started::How how_born(std::uint64_t sharing);

}  // namespace vdsotrace
