#include "cli/options/duration.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/number.hpp"

namespace vdsotrace::cli {
namespace {

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr Unit kUnits[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
/// In nanoseconds it still fits 63 bits.
constexpr double kMostSeconds = 200.0 * 366 * 86400;

}  // namespace

Result<double> parse_duration(std::string_view option, std::string_view text, std::string_view bare) {
  std::string_view unit_name = text;
  const auto number = take_number<double>(unit_name);
  const auto* unit = std::ranges::find(kUnits, unit_name.empty() ? bare : unit_name, &Unit::name);
  if (!number || std::isnan(*number) || unit == std::end(kUnits)) {
    return fail(fmt::format("{} {}: not a duration", option, text),
                bare == "s" ? "seconds, or a number with a unit, as 500ms, 5s or 2m"
                            : fmt::format("a number of {}, or one with a unit, as 1us", bare));
  }
  const double seconds = *number * unit->seconds;
  if (seconds < 0) return fail(fmt::format("{}: must not be negative", option));
  if (!(seconds <= kMostSeconds)) return fail(fmt::format("{} {}: too long", option, text));
  return seconds;
}

}  // namespace vdsotrace::cli
