// What makes `audit --fail-on` fail.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pipeline/audit.hpp"

namespace vdsotrace {

/// A line, not escaped, for each caller of calls by one of those routes, and for whatever leaves open whether there were
/// more: calls by an unknown route, calls that could not be recorded, calls by one of those routes that were not seen.
/// Empty: there were none. No routes: nothing is forbidden.
std::vector<std::string> forbidden_calls(const Audit& audit, std::span<const Route> routes);

}  // namespace vdsotrace
