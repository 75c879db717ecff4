// What makes `audit --fail-on` fail.
#pragma once

#include <string>
#include <vector>

#include "audit/fail_rules.hpp"
#include "audit/findings.hpp"

namespace vdsotrace {

/// A line, not escaped, for each caller of calls that together break a rule, and for whatever leaves open whether there
/// were more: calls by an unknown route that no rule of their own is about, calls that could not be recorded, calls by
/// one of those routes that were not seen. Empty: no rule is broken. No rules: nothing is forbidden.
std::vector<std::string> forbidden_calls(const Audit& audit, const FailRules& fail_on);

}  // namespace vdsotrace
