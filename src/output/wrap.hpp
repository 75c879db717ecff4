// Text that fits a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vdsotrace {

/// Breaks each line of `text` at blanks, so that it has at most `columns` (0: any); it goes on below column `indent`,
/// or before that if a word would not fit there. A word that fits in no line stays whole. Colours take no room.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent);

/// A long name with an ellipsis in the middle, at most `room` bytes: "java.util.c...orker.run". Whole where it fits, or
/// where there is no room for a part of it.
std::string shortened(std::string_view text, std::size_t room);

}  // namespace vdsotrace
