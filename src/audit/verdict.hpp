// What an audit comes to, in one line.
#pragma once

#include "audit/findings.hpp"

namespace vdsotrace {

/// To be gained are calls that entered the kernel, with all that they cost, and what advice about other calls is worth.
/// Asked when the rest of the audit is there.
Verdict verdict_of(const Audit& audit);

}  // namespace vdsotrace
