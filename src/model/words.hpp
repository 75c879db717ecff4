// The words of a list with commas, and what stands in front of them.
#pragma once

#include <string_view>

namespace vdsotrace {

/// Takes the first word off the front, with the comma behind it.
inline std::string_view take_word(std::string_view& rest) {
  const auto comma = rest.find(',');
  const auto word = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return word;
}

inline bool take_mark(std::string_view& text, char mark) {
  if (!text.starts_with(mark)) return false;
  text.remove_prefix(1);
  return true;
}

/// Every `!` negates, as in strace.
inline bool take_negation(std::string_view& set) {
  bool negated = false;
  while (take_mark(set, '!')) negated = !negated;
  return negated;
}

}  // namespace vdsotrace
