// Findings as metrics, for Prometheus and what reads the same.
#pragma once

#include <string>

#include "audit/findings.hpp"
#include "reports/info.hpp"

namespace vdsotrace {

/// docs/formats.md, section 5.6, has the families. No label is a number of a process or an address, so that series live
/// on from one run to the next.
std::string info_metrics(const InfoFacts& facts);
std::string audit_metrics(const Audit& audit);

}  // namespace vdsotrace
