// Which processors there are.
#pragma once

#include <string_view>
#include <vector>

#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// Those that are online (sysfs). Where sysfs does not say, those that the kernel lets us, and so programs that we
/// start, run on: all that are online in our cpuset (sched_setaffinity(2)). Error: neither is known.
Result<std::vector<int>> online_processors();

/// A list as the kernel writes it, "0-3,8". None if it is of another form, or names more than any kernel has.
std::vector<int> parse_processors(std::string_view list);

}  // namespace vdsotrace
