// Durations on the command line.
#pragma once

#include <string_view>

#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Seconds. "5", "0.5", or with a unit: us, ms, s, m, h. Errors: another word, negative, more than 200 years.
Result<double> parse_duration(std::string_view option, std::string_view text);

}  // namespace vdsotrace::cli
