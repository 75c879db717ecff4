// Audits that were saved as JSON, read back.
#pragma once

#include <string_view>

#include "audit/findings.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// What `audit --json` or `merge --json` wrote, this version or another one with the same rules (kSchema): what those
/// do not know yet is missing, what they add is passed over. Audit::machines is never empty: an audit of one run has
/// that one. Durations call by call and the timeline are missing: documents do not hold them.
///
/// Nothing in it is believed: types and ranges are checked, our own words are printable, routes and reasons are known
/// ones. Errors say what is wrong and where in the document, without its file's name.
Result<Audit> read_audit(std::string_view document);

}  // namespace vdsotrace
