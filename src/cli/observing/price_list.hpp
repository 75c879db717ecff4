// What calls cost on this system, asked of it in a clean process.
#pragma once

#include <set>

#include "audit/findings.hpp"
#include "model/vdso/tables.hpp"

namespace vdsotrace::cli {

/// Makes each of those calls some thousand times (os/machine/call_probe). Of the CPU clocks of threads
/// and processes it asks its own. Calls by other clocks without a fixed id have no price.
Prices price_list(const std::set<PricedCall>& calls, const VdsoTables& tables = {});

}  // namespace vdsotrace::cli
