// vdsotrace audit: which vDSO-capable calls a program makes, by which routes, who makes them, why those that entered
// the kernel did, what they cost, and what to do.
#pragma once

#include "cli/options/options.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// The exit status: the program's, or 3 if a call took one of the routes of --fail-on.
Result<int> run_audit(const Options& options);

}  // namespace vdsotrace::cli
