// Text at the end of a string. fmt::format_to would instantiate fmt's whole engine in each file that
// calls it, unless <fmt/core.h> alone is there; then clang misses it in a library that g++ compiled.
#pragma once

#include <string>

#include <fmt/core.h>

namespace vdsotrace {

void append_formatted(std::string& out, fmt::string_view format, fmt::format_args args);

/// Appends what fmt::format(format, args...) returns, without making a string of it.
template <class... T>
void append_format(std::string& out, fmt::format_string<T...> format, T&&... args) {
  append_formatted(out, format, fmt::make_format_args(args...));
}

}  // namespace vdsotrace
