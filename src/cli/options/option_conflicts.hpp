// Options that have no meaning together are refused, not ignored.
#pragma once

#include <CLI/App.hpp>

#include "cli/options/options.hpp"

namespace vdsotrace::cli {

/// Errors: two of the options exclude each other, or one lacks another.
Result<void> check_conflicts(const Options& o);
/// Errors: an audit was given an option that its help does not show, as it only means something for traces.
Result<void> refuse_trace_options(const CLI::App& app);

}  // namespace vdsotrace::cli
