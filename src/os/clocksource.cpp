#include "os/clocksource.hpp"

#include <iterator>
#include <sstream>

#include "os/proc.hpp"

namespace vdsotrace {

std::string current_clocksource() {
  return proc::first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
}

std::vector<std::string> available_clocksources() {
  std::istringstream words(proc::first_line("/sys/devices/system/clocksource/clocksource0/available_clocksource"));
  return {std::istream_iterator<std::string>(words), {}};
}

}  // namespace vdsotrace
