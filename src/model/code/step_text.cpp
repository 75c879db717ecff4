#include "model/code/step_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vdsotrace {
namespace {

constexpr std::string_view kIndent = "    ";
/// Where annotations begin; the usual instruction ends before.
constexpr std::size_t kStepNotesColumn = 56;
/// No loop of a vDSO is longer; bounds the search for repetitions.
constexpr std::size_t kLongestLoop = 256;

/// How often the `length` steps at `first` come in succession.
std::size_t repetitions(const std::vector<std::uint32_t>& path, std::size_t first, std::size_t length) {
  const auto begin = path.begin() + static_cast<std::ptrdiff_t>(first);
  std::size_t times = 1;
  for (std::size_t next = first + length; next + length <= path.size(); next += length, ++times) {
    if (!std::equal(begin, begin + static_cast<std::ptrdiff_t>(length),
                    path.begin() + static_cast<std::ptrdiff_t>(next)))
      break;
  }
  return times;
}

/// The shortest run at `first` that is repeated at once.
FoldedSteps repeated_at(const std::vector<std::uint32_t>& path, std::size_t first) {
  const std::size_t longest = std::min(kLongestLoop, (path.size() - first) / 2);
  for (std::size_t length = 1; length <= longest; ++length) {
    if (path[first + length] != path[first]) continue;
    if (const std::size_t times = repetitions(path, first, length); times > 1) return {first, length, times};
  }
  return {first, 1, 1};
}

std::string headline(const StepFacts& steps) {
  const std::string retries = steps.retries == 0   ? "no seqlock retry"
                              : steps.retries == 1 ? "1 seqlock retry"
                                                   : fmt::format("{} seqlock retries", steps.retries);
  return fmt::format("{}{}{} instruction{}, {}{}\n", kIndent, steps.complete ? "" : "more than ", steps.instructions,
                     steps.instructions == 1 ? "" : "s", retries,
                     steps.complete ? "" : ": no longer followed, as its loop did not come to an end");
}

std::string step_line_text(const DisassembledLine& line) {
  std::string text = fmt::format("{}{:>6x}:  {:<7} {}", kIndent, line.offset, line.mnemonic, line.operands);
  while (text.ends_with(' ')) text.pop_back();
  if (line.notes.empty()) return text + '\n';
  return fmt::format("{:<{}} ; {}\n", text, kStepNotesColumn, fmt::join(line.notes, "; "));
}

}  // namespace

CodeListing::CodeListing(const VdsoImage& image) {
  if (auto functions = disassemble(image)) functions_ = std::move(*functions);
}

const DisassembledLine* CodeListing::line_at(const DisassembledFunction& function, std::uint32_t offset) {
  const auto found = std::ranges::lower_bound(function.lines, offset, {}, &DisassembledLine::offset);
  return found != function.lines.end() && found->offset == offset ? &*found : nullptr;
}

const DisassembledFunction* CodeListing::function_at(std::uint32_t offset, const DisassembledFunction* near) const {
  if (near != nullptr && line_at(*near, offset) != nullptr) return near;
  const auto found = std::ranges::find_if(functions_, [&](const auto& f) { return line_at(f, offset) != nullptr; });
  return found != functions_.end() ? &*found : nullptr;
}

std::vector<FoldedSteps> fold(const std::vector<std::uint32_t>& path) {
  std::vector<FoldedSteps> pieces;
  for (std::size_t i = 0; i < path.size(); i += pieces.back().length * pieces.back().times) {
    const FoldedSteps piece = repeated_at(path, i);
    const bool continues = piece.times == 1 && !pieces.empty() && pieces.back().times == 1;
    if (!continues) {
      pieces.push_back(piece);
      continue;
    }
    i = pieces.back().first;
    ++pieces.back().length;
  }
  return pieces;
}

/// That the steps of a piece were made more than once.
std::string repetition_text(const FoldedSteps& piece) {
  if (piece.times <= 1) return {};
  return fmt::format("{}        the last {} {} more\n", kIndent,
                     piece.length == 1 ? "instruction" : fmt::format("{} instructions", piece.length),
                     piece.times == 2 ? "once" : fmt::format("{} times", piece.times - 1));
}

std::string text_of(const StepFacts& steps, const CodeListing& code) {
  std::string text = headline(steps);
  const DisassembledFunction* function = nullptr;
  for (const FoldedSteps& piece : fold(steps.path)) {
    for (std::size_t i = piece.first; i < piece.first + piece.length; ++i) {
      const std::uint32_t offset = steps.path[i];
      const DisassembledFunction* now = code.function_at(offset, function);
      if (now != nullptr && now != function) text += fmt::format("{}<{}>:\n", kIndent, now->names.front());
      function = now;
      text += now != nullptr ? step_line_text(*CodeListing::line_at(*now, offset))
                             : fmt::format("{}{:>6x}:\n", kIndent, offset);
    }
    text += repetition_text(piece);
  }
  if (steps.path.size() < steps.instructions) text += fmt::format("{}        ...\n", kIndent);
  return text;
}

}  // namespace vdsotrace
