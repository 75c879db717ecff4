// What --help prints: usage, options in groups, examples, in 80 columns.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

struct HelpGroup {
  std::string_view title;
  std::string_view
      options;  ///< their names, one for each, with blanks between; those that do not exist are passed over
};

/// The help of one command.
struct HelpPage {
  std::string_view usage;             ///< usage lines and what the command does
  std::span<const HelpGroup> groups;  ///< in this order
  std::string_view rest = "Options";  ///< title of the options that are in no group; empty: they are not shown
  std::string_view end;               ///< examples
};

/// Whether the page shows an option of these names, with their dashes.
bool shows(const HelpPage& page, const std::vector<std::string>& names);

std::string help_text(const CLI::App& app, const HelpPage& page);
/// The same to standard output; the exit status. Errors: it cannot be written.
Result<int> print_help(const CLI::App& app, const HelpPage& page);

}  // namespace vdsotrace::cli
