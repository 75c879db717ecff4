// What the JSON outputs have in common: numbers that every reader keeps, strings that were chosen by others.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "output/json_number.hpp"

namespace vdsotrace {

// Keys in the order in which they are written.
using Json = nlohmann::ordered_json;

template <class Integer>
Json json_integer(Integer value) {
  return fits_double(value) ? Json(value) : Json(std::to_string(value));
}

/// Rounded to a tenth: nanoseconds are not measured better.
inline Json json_tenths(double value) { return std::round(value * 10) / 10; }

/// ASCII only: a terminal that shows the stream obeys control characters beyond it too.
std::string dumped(const Json& json);

/// A name that the program or the user chose. What is not UTF-8 is escaped as in text.
Json json_text(std::string_view chosen);
Json json_texts(const std::vector<std::string>& chosen);
Json json_text_or_null(std::string_view chosen);

}  // namespace vdsotrace
