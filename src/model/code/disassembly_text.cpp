// How disassembled functions look as text.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/code/disassembly.hpp"

namespace vdsotrace {
namespace {

/// Where annotations begin; the usual instruction ends before.
constexpr std::size_t kCodeNotesColumn = 75;

std::string code_line_text(const DisassembledLine& line) {
  std::string bytes;
  for (const std::byte byte : line.bytes) bytes += fmt::format("{:02x} ", std::to_integer<unsigned>(byte));
  std::string text = fmt::format("{:>6x}:  {:<30} {:<7} {}", line.offset, bytes, line.mnemonic, line.operands);
  while (text.ends_with(' ')) text.pop_back();
  if (line.notes.empty()) return text + '\n';
  return fmt::format("{:<{}} ; {}\n", text, kCodeNotesColumn, fmt::join(line.notes, "; "));
}

}  // namespace

std::string text_of(std::span<const DisassembledFunction> functions) {
  std::string text;
  for (const DisassembledFunction& function : functions) {
    if (!text.empty()) text += '\n';
    text += fmt::format("{:08x} <{}>:\n", function.entry, fmt::join(function.names, ", "));
    if (!function.facts.empty()) text += fmt::format("; {}\n", fmt::join(function.facts, ", "));
    std::uint32_t end = function.lines.empty() ? 0 : function.lines.front().offset;
    for (const DisassembledLine& line : function.lines) {
      // A blank line where bytes are left out: nothing reaches them.
      if (line.offset > end) text += '\n';
      end = line.offset + static_cast<std::uint32_t>(line.bytes.size());
      if (!line.label.empty()) text += line.label + ":\n";
      text += code_line_text(line);
    }
  }
  return text;
}

}  // namespace vdsotrace
