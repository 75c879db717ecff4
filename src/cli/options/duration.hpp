// Durations on the command line.
#pragma once

#include <string_view>

#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Seconds. "5", "0.5", or with a unit: ns, us, ms, s, m, h. A number without one is in `bare`. Errors: another word,
/// negative, more than 200 years.
Result<double> parse_duration(std::string_view option, std::string_view text, std::string_view bare = "s");

}  // namespace vdsotrace::cli
