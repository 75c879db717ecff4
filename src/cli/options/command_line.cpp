#include "cli/options/command_line.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/number.hpp"
#include "cli/options/abbreviations.hpp"
#include "cli/options/strace_options.hpp"
#include "model/nearest.hpp"

namespace vdsotrace::cli {
namespace {

/// Options that only one command has.
struct OwnOption {
  std::string_view option;
  std::string_view command;
};
constexpr OwnOption kOwnOptions[] = {{"--symbols", "dump"},       {"--disassemble", "dump"},   {"--html", "audit"},
                                     {"--folded", "audit"},       {"--chrome-trace", "audit"}, {"--fail-on", "audit"},
                                     {"--all", "audit"},          {"--seccomp", "audit"},      {"--allow", "audit"},
                                     {"--strace-log", "compare"}, {"--check", "info"},         {"--max-ns", "info"},
                                     {"--openmetrics", "audit"}};

std::string help_hint(std::string_view command) {
  return command.empty() ? "see vdsotrace --help" : fmt::format("see vdsotrace {} --help", command);
}

/// The option of `app` that `option` was most likely meant to be.
std::string meant_option(const CLI::App& app, std::string_view option) {
  if (!option.starts_with("--")) return {};
  std::vector<std::string> names;
  for (const CLI::Option* known : app.get_options()) {
    for (const std::string& name : known->get_lnames()) names.push_back("--" + name);
  }
  return did_you_mean(option, std::vector<std::string_view>(names.begin(), names.end()));
}

Error unknown_option(const CLI::App& app, std::string_view word, std::string_view command) {
  const std::string_view option = word.substr(0, word.find('='));
  for (const OwnOption& own : kOwnOptions) {
    if (own.option == option && own.command != command)
      return {0, fmt::format("{}: an option of the command {}", option, own.command),
              fmt::format("vdsotrace {} {}", own.command, option)};
  }
  // Of several letters the first is unknown: those before it have been taken.
  const std::string instead = instead_of(option.starts_with("--") ? option : option.substr(0, 2));
  if (!instead.empty()) return {0, fmt::format("{}: an option of strace that vdsotrace does not have", word), instead};
  const std::string meant = meant_option(app, option);
  const std::string hint = meant.empty() ? help_hint(command) : meant;
  if (command.empty()) return {0, fmt::format("{}: unknown option", word), hint};
  return {0, fmt::format("{}: not an option of {}", word, command), hint};
}

/// What CLI11 cannot convert; only numbers are left to it. "Could not convert: --lines = ten".
std::string not_a_number(std::string_view what) {
  constexpr std::string_view kBefore = "Could not convert: ", kBetween = " = ";
  if (what.starts_with(kBefore)) what.remove_prefix(kBefore.size());
  const auto between = what.find(kBetween);
  if (between == std::string_view::npos) return fmt::format("{}: not a number", what);
  return fmt::format("{} {}: not a number", what.substr(0, between), what.substr(between + kBetween.size()));
}

/// Of an option that has one value and is given again.
void let_the_last_count(CLI::App& app) {
  for (CLI::Option* option : app.get_options({})) {
    if (option->get_items_expected_max() == 1) option->take_last();
  }
}

}  // namespace

Result<Operands> parse_operands(CLI::App& app, const std::vector<std::string>& given, std::string_view command) {
  app.prefix_command();
  let_the_last_count(app);
  const auto written_out = spelled_out(app, given);
  if (!written_out) return tl::unexpected(written_out.error());
  const std::vector<std::string>& arguments = *written_out;
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ConversionError& error) {
    return fail(not_a_number(error.what()), help_hint(command));
  } catch (const CLI::ParseError& error) {
    return fail(error.what(), help_hint(command));
  }
  Operands words;
  words.start = arguments.size() - app.remaining_size();
  words.after_mark = words.start > 0 && arguments[words.start - 1] == "--";
  words.program.assign(arguments.begin() + static_cast<std::ptrdiff_t>(words.start), arguments.end());
  if (words.after_mark || words.program.empty()) return words;
  // Where "--" follows an unknown option, it is left out of what remains.
  const std::string first = app.remaining().front();
  if (first.starts_with('-') && first.size() > 1) return tl::unexpected(unknown_option(app, first, command));
  return words;
}

std::optional<pid_t> pid_named(std::string_view word) {
  const auto pid = parse_number<pid_t>(word);
  return pid && *pid > 0 ? pid : std::nullopt;
}

Result<pid_t> parse_pid(const std::string& text) {
  const auto pid = pid_named(text);
  if (!pid) return fail(fmt::format("-p {}: not a process", text), "-p wants the number of a process");
  return *pid;
}

}  // namespace vdsotrace::cli
