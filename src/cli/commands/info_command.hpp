// `vdsotrace info`: what of this machine's calls stays in user space, and what each costs.
#pragma once

#include <string>
#include <vector>

#include "cli/options/option_rows.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Exit status. `arguments` are the command's own, without its name.
Result<int> run_info(const std::vector<std::string>& arguments);

std::vector<OptionRow> info_options();

}  // namespace vdsotrace::cli
