// What an image's unwind information (.eh_frame, .debug_frame) says of one place.
#pragma once

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <optional>

namespace vdsotrace {

/// Whether it says anything.
bool has_frame_rule(Dwfl_Module* module, std::uint64_t address);

/// Where the frame at that place has its return address: so many bytes above the stack pointer. Nothing if the rule is
/// another than "the canonical frame address is rsp + N, the return address lies 8 below". x86-64 only.
std::optional<std::uint64_t> return_address_rule(Dwfl_Module* module, std::uint64_t address);

}  // namespace vdsotrace
