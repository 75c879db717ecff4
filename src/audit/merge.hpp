// One audit of many machines or runs.
#pragma once

#include <vector>

#include "audit/findings.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// Of audits that were read back (audit/read), merges among them. Counts and costs are sums, what one call costs is the
/// average; what cannot be added (medians, when calls were made) is kept only where one audit alone has it. Advice of
/// one kind about one call is one piece, in the words of the audit where it is worth most. The verdict is found anew.
/// Errors: none to merge, too many.
Result<Audit> merge_audits(std::vector<Audit> audits, const DocumentHead& head);

}  // namespace vdsotrace
