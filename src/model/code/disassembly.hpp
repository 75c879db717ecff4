// The code of a vDSO image with what the control flow says of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

struct DisassembledLine {
  std::uint32_t offset = 0;  ///< from the start of the image
  std::vector<std::byte> bytes;
  std::string mnemonic;
  std::string operands;            ///< Intel's order; targets of branches are labels
  std::string label;               ///< ".L1" if this is where a branch or a loop leads, else empty
  std::vector<std::string> notes;  ///< "clock read", "return", ...; usually none
};

struct DisassembledFunction {
  std::vector<std::string> names;  ///< as VdsoFunction::names; a private helper has one, "helper_7a0"
  std::uint32_t entry = 0;
  std::vector<std::string> facts;       ///< what there is to say of the function as a whole
  std::vector<DisassembledLine> lines;  ///< sorted by offset; what nothing reaches is not among them
  /// The steps by which a seqlock loop begins anew: offset of the branch, offset of the loop's head.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> retries;
};

/// The function of that name, or all if the name is empty, and the private helpers they call, sorted
/// by entry. Code that functions share is listed under each.
/// Errors: no such function (hint: the nearest name), a machine whose code we cannot follow, more code
/// than any vDSO has.
Result<std::vector<DisassembledFunction>> disassemble(const VdsoImage& image, std::string_view name = {});

/// One line an instruction, annotations behind `;`, each line ended.
std::string text_of(std::span<const DisassembledFunction> functions);

}  // namespace vdsotrace
