#include "cli/options/option_rows.hpp"

namespace vdsotrace::cli {

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<OptionRow> rows_of(const CLI::App& app) {
  std::vector<OptionRow> rows;
  for (const CLI::Option* option : app.get_options()) {
    OptionRow row;
    row.names = names_of(*option);
    if (option->get_items_expected_max() > 0 && option->get_expected_min() > 0) row.value = option->get_type_name();
    row.help = option->get_description();
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace vdsotrace::cli
