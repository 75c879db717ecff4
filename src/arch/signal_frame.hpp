// What the kernel lays on the stack for a signal handler.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address_range.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace::arch {

/// The signal mask that a handler will return to whose frame has its SavedRegisters at that address, if all of the
/// frame is as the kernel lays it down. Nothing for the rest of an older frame, over which the program has written
/// since.
std::optional<std::uint64_t> mask_in_whole_frame(std::uint64_t registers, Memory& memory);

/// Where the frame lies that has its program counter at that address, up to the state of the floating point unit, if
/// all but its registers is as the kernel lays it down. Empty for the rest of an older one.
AddressRange whole_frame_around(std::uint64_t counter_at, Memory& memory);

/// The alternate stack (sigaltstack(2)) that a thread had when the frame was laid down that has its program counter at
/// that address. Empty where it had none.
AddressRange alternate_stack_in_frame(std::uint64_t counter_at, Memory& memory);

}  // namespace vdsotrace::arch
