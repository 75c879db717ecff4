#include "cli/options/help.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "output/output.hpp"
#include "output/wrap.hpp"

namespace vdsotrace::cli {
namespace {

constexpr std::size_t kWidth = 80;
/// Where descriptions begin.
constexpr std::size_t kColumn = 30;

std::string next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return std::string(word);
}

/// "-o, --output FILE"
std::string names_text(const CLI::Option& option) {
  std::string text;
  for (const std::string& name : option.get_snames()) text += (text.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) text += (text.empty() ? "    --" : ", --") + name;
  if (!option.get_type_name().empty() && option.get_type_size() != 0) text += ' ' + option.get_type_name();
  return text;
}

std::string option_text(const CLI::Option& option) {
  std::string text = "  " + names_text(option);
  if (text.size() + 2 > kColumn)
    text += '\n' + std::string(kColumn, ' ');
  else
    text.resize(kColumn, ' ');
  return wrapped(text + option.get_description(), kWidth, kColumn) + '\n';
}

std::string group_text(std::string_view title, const std::vector<const CLI::Option*>& options) {
  if (options.empty()) return {};
  std::string text = fmt::format("\n{}:\n", title);
  for (const CLI::Option* option : options) text += option_text(*option);
  return text;
}

}  // namespace

bool shows(const HelpPage& page, const std::vector<std::string>& names) {
  if (!page.rest.empty()) return true;
  for (const HelpGroup& group : page.groups) {
    std::string_view options = group.options;
    for (std::string option = next_word(options); !option.empty(); option = next_word(options)) {
      if (std::ranges::find(names, option) != names.end()) return true;
    }
  }
  return false;
}

std::string help_text(const CLI::App& app, const HelpPage& page) {
  const auto is_shown = [](const CLI::Option* option) { return !option->get_group().empty(); };
  std::vector<const CLI::Option*> rest = app.get_options(is_shown);
  std::string text(page.usage);
  for (const HelpGroup& group : page.groups) {
    std::vector<const CLI::Option*> members;
    std::string_view names = group.options;
    for (std::string name = next_word(names); !name.empty(); name = next_word(names)) {
      const auto has_name = [&name](const CLI::Option* option) { return option->check_name(name); };
      const auto found = std::ranges::find_if(rest, has_name);
      if (found == rest.end()) continue;
      members.push_back(*found);
      rest.erase(found);
    }
    text += group_text(group.title, members);
  }
  if (!page.rest.empty()) text += group_text(page.rest, rest);
  return text + std::string(page.end);
}

Result<int> print_help(const CLI::App& app, const HelpPage& page) {
  const auto output = Output::standard_output();
  output->write(help_text(app, page));
  if (auto closed = output->close(); !closed) return tl::unexpected(closed.error());
  return EXIT_SUCCESS;
}

}  // namespace vdsotrace::cli
