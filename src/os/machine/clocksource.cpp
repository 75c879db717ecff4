#include "os/machine/clocksource.hpp"

#include <iterator>
#include <sstream>

#include "os/kernel_file.hpp"

namespace vdsotrace {
namespace {

std::string line_of(const std::string& name) {
  return kernel_line(KernelFileSystem::sys, "/sys/devices/system/clocksource/clocksource0/" + name).value_or("");
}

}  // namespace

std::string current_clocksource() { return line_of("current_clocksource"); }

std::vector<std::string> available_clocksources() {
  std::istringstream words(line_of("available_clocksource"));
  return {std::istream_iterator<std::string>(words), {}};
}

}  // namespace vdsotrace
