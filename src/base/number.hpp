// Numbers in text. As std::from_chars reads them: no blank and no '+' before them, no locale, a '-' for signed types
// only.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace vdsotrace {

/// Cuts a number off the beginning of `text`. Nothing, and `text` as it was, if none stands there or it does not fit
/// the type.
template <class Number>
std::optional<Number> take_number(std::string_view& text, [[maybe_unused]] int base = 10) {
  Number value{};
  const char* const last = text.data() + text.size();
  std::from_chars_result read;
  if constexpr (std::is_floating_point_v<Number>) {
    read = std::from_chars(text.data(), last, value);
  } else {
    read = std::from_chars(text.data(), last, value, base);
  }
  if (read.ec != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return value;
}

/// The number that the whole text is, or nothing.
template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  const auto value = take_number<Number>(text, base);
  return text.empty() ? value : std::nullopt;
}

}  // namespace vdsotrace
