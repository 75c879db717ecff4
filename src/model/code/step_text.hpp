// The path of a call that was followed instruction by instruction, as text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/code/disassembly.hpp"
#include "vdsotrace/call.hpp"

namespace vdsotrace {

/// The annotated code of an image, by offset.
class CodeListing {
 public:
  /// An image that cannot be disassembled has no lines.
  explicit CodeListing(const VdsoImage& image);

  /// The function or helper that holds `offset`, `near` if that one does (code may be shared), or null.
  const DisassembledFunction* function_at(std::uint32_t offset, const DisassembledFunction* near) const;
  static const DisassembledLine* line_at(const DisassembledFunction& function, std::uint32_t offset);

 private:
  std::vector<DisassembledFunction> functions_;
};

/// A piece of a path: `length` steps from `first` on, executed `times` times over in succession.
struct FoldedSteps {
  std::size_t first = 0;
  std::size_t length = 0;
  std::size_t times = 1;
};
/// Folds what repeats at once; what does not becomes pieces as long as can be. Together, in order, they are the path.
std::vector<FoldedSteps> fold(const std::vector<std::uint32_t>& path);

/// "35 instructions, no seqlock retry", then one line an instruction. Each line is indented and ended.
std::string text_of(const StepFacts& steps, const CodeListing& code);

}  // namespace vdsotrace
