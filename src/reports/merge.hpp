// What `vdsotrace merge` says; its other reports are those of an audit (reports/audit.hpp).
#pragma once

#include <string>

#include "reports/audit.hpp"

namespace vdsotrace {

/// A table of the machines, and one of the calls with the machines that made them.
std::string merge_text(const Audit& audit, const AuditTextOptions& options);
/// The page of an audit, with the same tables.
std::string merge_html(const Audit& audit);

}  // namespace vdsotrace
