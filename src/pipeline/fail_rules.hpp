// What `audit --fail-on` says.
#pragma once

#include <string_view>
#include <vector>

#include "vdsotrace/call.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// A route that calls must not take.
struct RouteRule {
  Route route = Route::vdso;
  bool of_c_library = false;  ///< nor calls that the C library makes for itself (Reason::c_library)
};

/// From a list with commas of ROUTE, "all-fallback", "all-syscall".
Result<std::vector<RouteRule>> parse_route_rules(std::string_view list);

}  // namespace vdsotrace
