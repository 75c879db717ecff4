// The instructions of one function of any program, found by reading forward from where it is entered.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/code/function_table.hpp"
#include "model/code/x86.hpp"

namespace vdsotrace {

/// Follows the control flow from known places as far as direct branches lead, then reads on behind every jump and
/// return: there may be what only a table of addresses leads to. 64-bit code.
class FunctionSweep {
 public:
  /// `code` is the function's, at `address`.
  FunctionSweep(std::span<const std::byte> code, std::uint64_t address);

  /// An instruction certainly begins there: an entry, or one that was executed. `decoder` is one of 64-bit code.
  void follow(X86Decoder& decoder, std::uint64_t address);

  /// Whether all that the places followed lead to, and all behind jumps and returns, was read as instructions.
  bool complete() const { return complete_; }
  /// Whether it jumps to where a register or a table says, a linkage table's slot apart: it may come to any place.
  bool jumps_by_table() const { return jumps_by_table_; }
  /// Whether the byte belongs to an instruction to which direct flow leads.
  bool is_reached(std::uint64_t address) const;
  /// Whether an instruction begins there to which direct flow leads.
  bool is_start(std::uint64_t address) const;
  /// Where the instruction begins to which direct flow leads and that ends at that address.
  std::optional<std::uint64_t> start_before(std::uint64_t address) const;
  /// Where instructions end behind which nothing goes on, and to which direct flow leads; sorted.
  std::span<const std::uint64_t> ends() const { return ends_; }
  /// Where direct calls, jumps and branches lead out of it to which direct flow leads; in the order of their finding.
  std::span<const std::uint64_t> exits() const { return exits_; }
  /// Where its direct jumps and branches lead, in the function or out of it; sorted.
  std::span<const std::uint64_t> targets() const { return targets_; }

 private:
  void walk(X86Decoder& decoder, std::uint64_t offset, bool by_flow);
  /// False if nothing comes behind it.
  bool visit(std::uint64_t offset, const Instruction& instruction, bool by_flow);

  std::span<const std::byte> code_;
  std::uint64_t address_;
  std::vector<std::uint8_t> marks_;  ///< of each byte
  std::vector<std::uint64_t> to_follow_;
  std::vector<std::uint64_t> to_read_;
  std::vector<std::uint64_t> ends_;
  std::vector<std::uint64_t> targets_;
  std::vector<std::uint64_t> exits_;
  bool complete_ = true;
  bool jumps_by_table_ = false;
};

}  // namespace vdsotrace
