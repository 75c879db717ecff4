// What the JSON outputs have in common: numbers that every reader keeps, strings that were chosen by others.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace vdsotrace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;

/// A reader that keeps numbers as doubles has 53 bits.
template <class Integer>
bool fits_double(Integer value) {
  constexpr auto kLimit = std::int64_t{1} << 53;
  if constexpr (std::is_signed_v<Integer>) {
    return value > -kLimit && value < kLimit;
  } else {
    return value < std::uint64_t{kLimit};
  }
}

template <class Integer>
Json json_integer(Integer value) {
  return fits_double(value) ? Json(value) : Json(std::to_string(value));
}

/// ASCII only: a terminal that shows the stream obeys control characters beyond it too.
std::string dumped(const Json& json);

/// A name that the program or the user chose. What is not UTF-8 is escaped as in text.
Json json_text(std::string_view chosen);
Json json_texts(const std::vector<std::string>& chosen);
Json json_text_or_null(std::string_view chosen);

}  // namespace vdsotrace
