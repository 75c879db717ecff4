// vdsotrace completions: what lets a shell complete our command line.
#pragma once

#include <string>
#include <vector>

#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// `arguments` without the command word. Errors: usage; output that cannot be written.
Result<int> run_completions(const std::vector<std::string>& arguments);

}  // namespace vdsotrace::cli
