// `vdsotrace PROGRAM` and `vdsotrace -p PID`: wires options, engine, session and outputs together.
#pragma once

#include "cli/options/options.hpp"

namespace vdsotrace::cli {

/// Runs the trace of a program or of running processes. The exit status of vdsotrace; if a signal ended the
/// program, does not return but dies of the same signal.
Result<int> run_trace(const Options& options);

}  // namespace vdsotrace::cli
