// `vdsotrace merge`: one audit of many machines or runs.
#pragma once

#include <string>
#include <vector>

#include "cli/options/option_rows.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Exit status. `arguments` are the command's own, without its name.
Result<int> run_merge(const std::vector<std::string>& arguments);

std::vector<OptionRow> merge_options();

}  // namespace vdsotrace::cli
