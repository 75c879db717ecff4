// What an audit that was merged of several says of each of them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "vdsotrace/call.hpp"
#include "vdsotrace/document.hpp"

namespace vdsotrace {

/// One machine, or one run on it.
struct AuditedMachine {
  std::string name;  ///< its host, with "#2" for a second run there: no two have the same
  DocumentHead head;
  std::string kernel;
  std::string clocksource;           ///< the last in use; empty if unknown
  std::vector<std::string> command;  ///< empty if processes were attached to
  std::array<std::uint64_t, kRoutes> routes{};
  double cost_ns = 0;
  double kernel_ns = 0;  ///< of that, of calls that entered the kernel
  double share = 0;      ///< of the cost in its processor time, or in the run
  bool ok = true;        ///< its verdict
};

/// Of one kind of call, by the machine's name.
struct MachineCalls {
  std::uint64_t count = 0;
  double cost_ns = 0;
};
using CallsByMachine = std::map<std::string, MachineCalls>;

}  // namespace vdsotrace
