#include "cli/options/abbreviations.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace vdsotrace::cli {
namespace {

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

struct Candidate {
  const CLI::Option* option = nullptr;
  std::string name;
};

/// What `word`, without its dashes, stands for: the option of that name, or those that begin so.
std::vector<Candidate> candidates(const CLI::App& app, std::string_view word) {
  std::vector<Candidate> found;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (name == word) return {{option, name}};
      // Several names of one option are one option.
      const bool known = std::ranges::any_of(found, [&](const Candidate& other) { return other.option == option; });
      if (name.starts_with(word) && !known) found.push_back({option, name});
    }
  }
  return found;
}

/// The last of these short options if the word behind them belongs to it, else null.
const CLI::Option* option_wanting_word(const CLI::App& app, std::string_view letters) {
  for (std::size_t i = 0; i < letters.size(); ++i) {
    for (const CLI::Option* option : app.get_options()) {
      const bool meant = option->check_sname(std::string(1, letters[i]));
      if (meant && takes_value(*option)) return i + 1 == letters.size() ? option : nullptr;
    }
  }
  return nullptr;
}

/// "-o needs a FILE"
Error lacks_value(const CLI::Option& option, std::string_view word) {
  const std::string& value = option.get_type_name();
  const bool vowel = value == "N" || value.find_first_of("AEIO") == 0;
  const std::string name = word.starts_with("--") ? std::string(word) : fmt::format("-{}", word.back());
  return {0, fmt::format("{} needs {} {}", name, vowel ? "an" : "a", value), {}};
}

/// A flag, that is, and not one of those that mean something by themselves and more with a value.
bool refuses_values(const CLI::Option& option, const std::string& name) {
  return !takes_value(option) && !option.check_fname(name);
}

/// Writes out the long option `word`. The option if the word behind it is its value, else null.
Result<const CLI::Option*> write_out(const CLI::App& app, std::string& word) {
  const auto equals = std::min(word.find('='), word.size());
  const std::string_view asked = std::string_view(word).substr(2, equals - 2);
  const auto found = candidates(app, asked);
  if (found.empty()) return nullptr;
  if (found.size() > 1)
    return fail(fmt::format("--{}: ambiguous", asked), fmt::format("--{} or --{}", found[0].name, found[1].name));
  const bool has_value = equals != word.size();
  if (has_value && refuses_values(*found.front().option, found.front().name))
    return fail(fmt::format("--{}: takes no value", found.front().name));
  word.replace(2, equals - 2, found.front().name);
  return !has_value && takes_value(*found.front().option) ? found.front().option : nullptr;
}

}  // namespace

Result<std::vector<std::string>> spelled_out(const CLI::App& app, std::vector<std::string> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string& word = arguments[i];
    if (word == "--" || word.size() < 2 || word[0] != '-') break;
    Result<const CLI::Option*> wanting = option_wanting_word(app, std::string_view(word).substr(1));
    if (word[1] == '-') wanting = write_out(app, word);
    if (!wanting) return tl::unexpected(wanting.error());
    if (*wanting == nullptr) continue;
    if (++i == arguments.size()) return tl::unexpected(lacks_value(**wanting, word));
  }
  return arguments;
}

}  // namespace vdsotrace::cli
