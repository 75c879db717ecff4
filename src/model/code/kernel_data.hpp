// Which instructions of a vDSO function touch the data that the kernel keeps beside the image
// ([vvar] and the mappings beside it: the time, its sequence counts, clock pages).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <capstone/capstone.h>

#include "model/code/loops.hpp"
#include "model/code/x86.hpp"

namespace vdsotrace {

/// An instruction with what is needed to know what it touches.
struct DecodedInstruction {
  std::uint32_t offset = 0;
  Instruction meaning;
  unsigned id = 0;  ///< Capstone's x86_insn
  cs_x86 operands{};
  std::vector<x86_reg> implicit_writes;  ///< registers that are written without being named
};

struct KernelDataUse {
  enum class Kind : std::uint8_t { none, reads, address };
  Kind kind = Kind::none;
  std::optional<std::int64_t> offset;  ///< from the start of the image, where it is a constant
};

/// One answer for each instruction of one function; `graph` has a node for each. An instruction
/// is said to read these data where its operand is outside the image by its constant parts, or
/// goes through a register into which such an address was put on some way there. Addresses that were
/// kept in memory meanwhile are lost track of.
std::vector<KernelDataUse> find_kernel_data(std::span<const DecodedInstruction> code, const FlowGraph& graph,
                                            std::span<const std::byte> image, bool wide);

}  // namespace vdsotrace
