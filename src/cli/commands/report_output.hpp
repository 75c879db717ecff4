// Where the commands that print one report write it: -o FILE.
#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "output/output.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Declares -o and --output. `file` stays empty where neither is given.
void declare_report_output(CLI::App& app, std::string& file);

/// Whether `file` means standard output: it is empty, or "-".
bool is_standard_output(const std::string& file);

/// The output that `file` names. A file that exists is emptied. Errors: it cannot be opened.
Result<std::shared_ptr<Output>> open_report(const std::string& file);

}  // namespace vdsotrace::cli
