// What an image's unwind information (.eh_frame, .debug_frame) says of one place.
#pragma once

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <optional>

#include "model/code/frame.hpp"

namespace vdsotrace {

/// Whether the image is of 64-bit code for the processor whose frames we can follow (model/code/frame.hpp).
bool has_followed_machine(Elf* elf);
bool has_followed_machine(Dwfl_Module* module);

/// Whether it says anything.
bool has_frame_rule(Dwfl_Module* module, std::uint64_t address);

/// What it says. Nothing where it is more than a FrameRule can say.
std::optional<FrameRule> frame_rule(Dwfl_Module* module, std::uint64_t address);

}  // namespace vdsotrace
