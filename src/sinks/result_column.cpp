#include "sinks/result_column.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

/// Bytes of the last line of `text`, without the escape sequences that colour it.
std::size_t visible_length(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t i = text.rfind('\n') + 1; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = std::min(text.find('m', i), text.size());
    } else {
      ++length;
    }
  }
  return length;
}

}  // namespace

void ResultColumn::align(std::string& text) const {
  if (column_ == 0) return;
  const bool continued = text.find('\n') == std::string::npos;
  const std::size_t length = visible_length(text) + (continued ? written_ : 0);
  if (length < column_) text.append(column_ - length, ' ');
}

void ResultColumn::note_written(std::string_view text) {
  if (column_ == 0) return;
  if (text.find('\n') != std::string_view::npos) written_ = 0;
  written_ += visible_length(text);
}

}  // namespace vdsotrace
