#include "cli/command_line.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "cli/abbreviations.hpp"

namespace vdsotrace::cli {
namespace {

/// Options that only one command has.
struct OwnOption {
  std::string_view option;
  std::string_view command;
};
constexpr OwnOption kOwnOptions[] = {{"--symbols", "dump"}, {"--disassemble", "dump"},
                                     {"--html", "audit"},   {"--folded", "audit"},
                                     {"--chrome-trace", "audit"}, {"--fail-on", "audit"},
                                     {"--strace-log", "compare"}};

std::string help_hint(std::string_view command) {
  return command.empty() ? "see vdsotrace --help" : fmt::format("see vdsotrace {} --help", command);
}

Error unknown_option(std::string_view word, std::string_view command) {
  const std::string_view option = word.substr(0, word.find('='));
  for (const OwnOption& own : kOwnOptions) {
    if (own.option == option && own.command != command)
      return {0, fmt::format("{}: an option of the command {}", option, own.command),
              fmt::format("vdsotrace {} {}", own.command, option)};
  }
  if (command.empty()) return {0, fmt::format("{}: unknown option", word), help_hint(command)};
  return {0, fmt::format("{}: not an option of {}", word, command), help_hint(command)};
}

/// Of an option that has one value and is given again.
void let_the_last_count(CLI::App& app) {
  for (CLI::Option* option : app.get_options({})) {
    if (option->get_items_expected_max() == 1) option->take_last();
  }
}

}  // namespace

Result<Words> parse_words(CLI::App& app, const std::vector<std::string>& given, std::string_view command) {
  app.prefix_command();
  let_the_last_count(app);
  const auto written_out = spelled_out(app, given);
  if (!written_out) return tl::unexpected(written_out.error());
  const std::vector<std::string>& arguments = *written_out;
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return fail(error.what(), help_hint(command));
  }
  Words words;
  words.start = arguments.size() - app.remaining_size();
  words.after_mark = words.start > 0 && arguments[words.start - 1] == "--";
  words.program.assign(arguments.begin() + static_cast<std::ptrdiff_t>(words.start), arguments.end());
  if (words.after_mark || words.program.empty()) return words;
  // Where "--" follows an unknown option, it is left out of what remains.
  const std::string first = app.remaining().front();
  if (first.starts_with('-') && first.size() > 1) return tl::unexpected(unknown_option(first, command));
  return words;
}

std::string help_text(const CLI::App& app, std::string_view usage) {
  std::string text(usage);
  text += "Options:\n";
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    std::string left = "  " + option->get_name(false, true);
    // CLI11 shows what a flag without a value stands for.
    left.erase(std::min(left.find('{'), left.size()));
    if (option->get_type_size() != 0) left += " " + option->get_type_name();
    text += fmt::format("{:<38}{}\n", left, option->get_description());
  }
  return text;
}

Result<pid_t> parse_pid(const std::string& text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0)
    return fail(fmt::format("-p {}: not a process", text), "-p wants the number of a process");
  return pid;
}

}  // namespace vdsotrace::cli
