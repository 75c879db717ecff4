// Where the frame of a function lies, from what its code does to the stack pointer: for code without unwind
// information.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "model/code/frame.hpp"

namespace vdsotrace {

/// The rule at the instruction `place` bytes behind the entry of a function, which is `code` as far as it reaches:
/// 64-bit code that is entered by a call. Every way from the entry to there is followed. Nothing if they do not agree
/// on where the frame is, if one cannot be followed (an indirect jump, an unknown instruction), or if none leads there.
///
/// If the stack pointer has been moved to another stack there, as Go's runtime does around calls of the vDSO, the rule
/// counts from a register in which the old one is kept and leaves_stack is set. Calls of the function's own code are
/// taken to preserve what the psABI says; for Go, whose functions preserve nothing, only indirect ones (`go`).
std::optional<FrameRule> frame_rule_of_code(std::span<const std::byte> code, std::size_t place, bool go = false);

}  // namespace vdsotrace
