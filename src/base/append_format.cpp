#include "base/append_format.hpp"

#include <fmt/format.h>

#include <iterator>

namespace vdsotrace {

void append_formatted(std::string& out, fmt::string_view format, fmt::format_args args) {
  fmt::vformat_to(std::back_inserter(out), format, args);
}

}  // namespace vdsotrace
