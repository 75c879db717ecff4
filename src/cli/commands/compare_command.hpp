// `vdsotrace compare`: a program under strace and under vdsotrace, side by side.
#pragma once

#include <string>
#include <vector>

#include "cli/options/option_rows.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Exit status: the program's own under vdsotrace. `arguments` are the command's own, without its name.
Result<int> run_compare(const std::vector<std::string>& arguments);

std::vector<OptionRow> compare_options();

}  // namespace vdsotrace::cli
