// The options of a command as rows of a table, for what lists them.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace vdsotrace::cli {

struct OptionRow {
  std::vector<std::string> names;  ///< with their dashes, short ones first
  std::string value;               ///< what it takes, "FILE"; empty: nothing, or only behind "="
  std::string help;
};

struct CommandRows {
  std::string name;  ///< "trace" is what there is without a command
  std::string help;
  std::vector<OptionRow> options;
  bool runs_program = false;
};

/// With their dashes, short ones first.
std::vector<std::string> names_of(const CLI::Option& option);
std::vector<OptionRow> rows_of(const CLI::App& app);

}  // namespace vdsotrace::cli
