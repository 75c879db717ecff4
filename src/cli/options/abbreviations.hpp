// Long options may be abbreviated, as getopt_long(3) lets them.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// `arguments` with each long option of `app` written out, up to the first word that is neither an option nor an
/// option's value; as many words as before. Errors: an abbreviation of several options; an option without its value at
/// the end.
Result<std::vector<std::string>> spelled_out(const CLI::App& app, std::vector<std::string> arguments);

}  // namespace vdsotrace::cli
