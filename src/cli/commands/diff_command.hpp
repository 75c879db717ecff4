// `vdsotrace diff`: what changed from one audit to another.
#pragma once

#include <string>
#include <vector>

#include "cli/options/option_rows.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Exit status: 3 if a route or a cost got worse. `arguments` are the command's own, without its name.
Result<int> run_diff(const std::vector<std::string>& arguments);

std::vector<OptionRow> diff_options();

}  // namespace vdsotrace::cli
