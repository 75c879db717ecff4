// Where branches may lead in code of which it is not known where instructions begin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/code/function_table.hpp"

namespace vdsotrace {

/// Direct branches with displacements of 32 bits. Every byte at which one may begin is taken for one, so none is
/// missed, wherever instructions begin: a function's unlikely part, which compilers move far away, is found too. Now
/// and then what is none counts: 4 bytes would have to lead to the place by chance.
class WideBranches {
 public:
  /// Takes about half a millisecond a megabyte and an eighth of the code's size.
  WideBranches(std::span<const std::byte> code, std::uint64_t address);

  /// Whether one may lead to an address in the range.
  bool lead_into(AddressRange range) const;

 private:
  void note(std::span<const std::byte> code, std::size_t at, std::size_t opcode);

  std::uint64_t address_;
  std::uint64_t size_;
  std::vector<std::uint64_t> targets_;  ///< a bit for each byte of the code
};

/// Whether a branch with a displacement of 8 bits that begins in the code may lead to an address in the range: every
/// byte at which one may begin is taken for one.
bool short_branch_may_lead_into(AddressRange range, std::span<const std::byte> code, std::uint64_t address);

/// Whether some byte of the code may begin a jump to where a register or memory says, a linkage table's slot apart.
bool may_jump_by_table(std::span<const std::byte> code);

}  // namespace vdsotrace
