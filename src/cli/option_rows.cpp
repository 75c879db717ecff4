#include "cli/option_rows.hpp"

namespace vdsotrace::cli {

std::vector<OptionRow> rows_of(const CLI::App& app) {
  std::vector<OptionRow> rows;
  for (const CLI::Option* option : app.get_options()) {
    OptionRow row;
    for (const std::string& name : option->get_snames()) row.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) row.names.push_back("--" + name);
    if (option->get_items_expected_max() > 0 && option->get_expected_min() > 0) row.value = option->get_type_name();
    row.help = option->get_description();
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace vdsotrace::cli
