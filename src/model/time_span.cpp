#include "model/time_span.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/number.hpp"
#include "model/words.hpp"

namespace vdsotrace {

std::optional<std::int64_t> time_span_named(std::string_view text) {
  struct Unit {
    std::string_view name;
    double nanoseconds;
  };
  constexpr Unit kUnits[] = {{"", 1e3}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  constexpr double kMost = 9e18;
  take_mark(text, '+');
  const auto number = take_number<double>(text);
  const auto* unit = std::ranges::find(kUnits, text, &Unit::name);
  if (!number || !std::isfinite(*number) || *number < 0 || unit == std::end(kUnits)) return std::nullopt;
  const double span = *number * unit->nanoseconds;
  return span < kMost ? std::optional(static_cast<std::int64_t>(span)) : std::nullopt;
}

}  // namespace vdsotrace
