// How precisely times are shown: the arguments of strace's options for that.
#pragma once

#include <string>
#include <string_view>

#include "sinks/text_options.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// "s", "ms", "us", "ns". `option` is named in the error.
Result<Precision> precision_named(std::string_view option, std::string_view name);

/// --absolute-timestamps=[[format:]FORMAT],[[precision:]PRECISION] into `options`.
Result<void> parse_stamps(std::string_view list, TextOptions& options);

}  // namespace vdsotrace::cli
