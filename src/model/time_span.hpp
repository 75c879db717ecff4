// Times on the command line as strace takes them (strace(1), "Time specification format description").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vdsotrace {

/// Microseconds, or a number with ns, us, ms or s; not negative. In nanoseconds; nothing if it is no time.
std::optional<std::int64_t> time_span_named(std::string_view text);

}  // namespace vdsotrace
