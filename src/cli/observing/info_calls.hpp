// The calls that `info` makes: every service that 64-bit programs have, by every clock where it takes one.
#pragma once

#include <vector>

#include "model/vdso/tables.hpp"
#include "reports/info.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Makes them here and now (os/machine/call_probe), through the functions of `vdso`, our own. Clocks that some kernels
/// do not know are left out if this one does not.
Result<std::vector<CallFacts>> info_calls(const Result<VdsoDescription>& vdso, const VdsoTables& tables = {});

}  // namespace vdsotrace::cli
