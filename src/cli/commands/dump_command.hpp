// `vdsotrace dump`: the vDSO's image, its symbols or its annotated code.
#pragma once

#include <string>
#include <vector>

#include "cli/options/option_rows.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Exit status. `arguments` are the command's own, without its name.
Result<int> run_dump(const std::vector<std::string>& arguments);

std::vector<OptionRow> dump_options();

}  // namespace vdsotrace::cli
