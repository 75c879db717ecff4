#include "output/wrap.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

constexpr std::string_view kEllipsis = "...";

/// The index behind the colour that begins at `at` (ECMA-48, SGR), `at` where none does.
std::size_t behind_color(std::string_view line, std::size_t at) {
  if (!line.substr(at).starts_with("\x1b[")) return at;
  const std::size_t end = line.find('m', at);
  return end == std::string_view::npos ? at : end + 1;
}

/// The blank at which the line is broken: the last that leaves at most `columns` before it, else the first at all; none
/// where the line fits. Those of the indent do not count.
std::size_t break_of(std::string_view line, std::size_t columns, std::size_t indent) {
  std::size_t found = std::string_view::npos, shown = 0;
  bool in_word = false;
  for (std::size_t i = 0; i < line.size();) {
    if (const std::size_t behind = behind_color(line, i); behind != i) {
      i = behind;
      continue;
    }
    const bool is_break = line[i] == ' ' && in_word && shown > indent;
    if (is_break && (shown <= columns || found == std::string_view::npos)) found = i;
    in_word = line[i++] != ' ';
    if (++shown > columns && found != std::string_view::npos) return found;
  }
  return std::string_view::npos;
}

/// How many columns the word takes that begins at `at`.
std::size_t width_of_word(std::string_view line, std::size_t at) {
  std::size_t width = 0;
  while (at < line.size() && line[at] != ' ') {
    const std::size_t behind = behind_color(line, at);
    width += behind == at ? 1 : 0;
    at = std::max(behind, at + 1);
  }
  return width;
}

void append_wrapped(std::string& out, std::string line, std::size_t columns, std::size_t indent) {
  for (;;) {
    const std::size_t at = break_of(line, columns, indent);
    if (at == std::string::npos) break;
    const std::size_t next = line.find_first_not_of(' ', at);
    if (next == std::string::npos) break;
    const std::size_t width = width_of_word(line, next);
    out.append(line, 0, at).push_back('\n');
    line.replace(0, next, width > columns ? indent : std::min(indent, columns - width), ' ');
  }
  out.append(line);
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
  if (columns == 0) return std::string(text);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    append_wrapped(out, std::string(text.substr(at, end - at)), columns, indent);
    if (end == std::string_view::npos) break;
    out.push_back('\n');
    at = end + 1;
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t room) {
  if (text.size() <= room || room < kEllipsis.size() + 2) return std::string(text);
  const std::size_t end = (room - kEllipsis.size()) / 2;
  const std::size_t begin = room - kEllipsis.size() - end;
  return std::string(text.substr(0, begin)).append(kEllipsis).append(text.substr(text.size() - end));
}

}  // namespace vdsotrace
