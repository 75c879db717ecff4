// How many calls took each route, in words.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "vdsotrace/call.hpp"

namespace vdsotrace {

/// Indexed by Route.
using RouteCounts = std::array<std::uint64_t, kRoutes>;

/// ": 2 in user space, 1 direct system call": the routes that occurred, empty if none did. `number_text` prints a
/// count.
std::string route_counts_text(const RouteCounts& counts, std::string (*number_text)(std::uint64_t));

}  // namespace vdsotrace
