// What makes `audit --fail-on` fail.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pipeline/audit.hpp"
#include "pipeline/fail_rules.hpp"

namespace vdsotrace {

/// A line, not escaped, for each caller of calls that break a rule, and for whatever leaves open whether there were
/// more: calls by an unknown route, calls that could not be recorded, calls by one of those routes that were not seen.
/// Empty: there were none. No rules: nothing is forbidden.
std::vector<std::string> forbidden_calls(const Audit& audit, std::span<const RouteRule> rules);

}  // namespace vdsotrace
