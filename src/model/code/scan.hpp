// Follows the control flow of vDSO functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/code/x86.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// Fills in what the code of the functions of one image does. Each instruction of
/// the image is decoded at most once, however many functions share it, and a
/// function and its helpers are followed for a bounded number of instructions.
class FlowScanner {
 public:
  /// `code` is what of the image can hold code, at offset `start` of the image.
  FlowScanner(X86Decoder decoder, std::span<const std::byte> code, std::uint32_t start);

  /// Sets everything but names, entry and size, from function.entry on.
  void scan(VdsoFunction& function);

 private:
  struct Slot {
    Instruction instruction;
    bool tried = false;
    std::uint32_t seen = 0;  ///< the last walk that came here
  };

  void walk(std::uint32_t entry, VdsoFunction& function, bool is_body);
  /// The instruction there, if it is the first time in this walk. Null too where it cannot be followed further.
  const Instruction* step_to(std::uint32_t offset, VdsoFunction& function);
  /// Notes one instruction; true if the one behind it comes next.
  bool visit(std::uint32_t offset, const Instruction& instruction, VdsoFunction& function, bool is_body);
  void branch_to(std::uint32_t from, const Instruction& instruction, VdsoFunction& function, bool is_body);
  const Instruction* instruction_at(std::uint32_t offset);
  std::optional<std::uint32_t> target_of(std::uint32_t offset, const Instruction& instruction) const;
  bool contains(std::int64_t offset) const {
    return offset >= start_ && offset - start_ < static_cast<std::int64_t>(code_.size());
  }

  X86Decoder decoder_;
  std::span<const std::byte> code_;
  std::uint32_t start_;
  std::vector<Slot> slots_;             ///< one for each byte of code_
  std::vector<std::uint32_t> pending_;  ///< offsets from which the walk has still to go on
  std::uint32_t walks_ = 0;
  std::size_t budget_ = 0;  ///< instructions that may still be visited for this function
};

}  // namespace vdsotrace
