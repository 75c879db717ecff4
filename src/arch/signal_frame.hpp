// What the kernel lays on the stack for a signal handler.
#pragma once

#include <cstdint>
#include <optional>

#include "vdsotrace/memory.hpp"

namespace vdsotrace::arch {

/// The signal mask that a handler will return to whose frame has its SavedRegisters at that address, if all of the
/// frame is as the kernel lays it down. Nothing for the rest of an older frame, over which the program has written
/// since.
std::optional<std::uint64_t> mask_in_whole_frame(std::uint64_t registers, Memory& memory);

}  // namespace vdsotrace::arch
