// What the kernel reads the time from (sysfs, Documentation/ABI/testing/sysfs-devices-system-clocksource).
#pragma once

#include <string>
#include <vector>

namespace vdsotrace {

/// Its name, as "tsc"; empty where it is not known: sysfs is not mounted.
std::string current_clocksource();
/// Those that could be chosen; none where they are not known.
std::vector<std::string> available_clocksources();

}  // namespace vdsotrace
