#include <fmt/core.h>

#include "cli/completions/completions.hpp"

namespace vdsotrace::cli {
namespace {

constexpr std::string_view kFishBegin = R"fish(# fish completion of vdsotrace, made by "vdsotrace completions fish"

# The command word; trace if there is none.
function __vdsotrace_command
    for word in (commandline -opc)[2..-1]
        contains -- $word $__vdsotrace_commands; and echo $word; and return
    end
    echo trace
end

function __vdsotrace_is
    test (__vdsotrace_command) = $argv[1]
end

)fish";

/// In fish a backslash has a meaning in quotes, too.
std::string fish_quoted(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') word += '\\';
    word += c;
  }
  return word + '\'';
}

std::string value_of(std::string_view kind) {
  if (kind.empty()) return "";
  if (kind == "FILE") return " -r -F";
  if (kind == "PID") return " -x -a '(__fish_complete_pids)'";
  if (kind == "USER") return " -x -a '(__fish_complete_users)'";
  const auto words = words_of_value(kind);
  return words.empty() ? std::string(" -x") : fmt::format(" -x -a {}", fish_quoted(words));
}

std::string option_line(const std::string& command, const OptionRow& option) {
  std::string text = fmt::format("complete -c vdsotrace -n '__vdsotrace_is {}'", command);
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2)) : fmt::format(" -s {}", name.substr(1));
  }
  return text + value_of(option.value) + fmt::format(" -d {}\n", fish_quoted(option.help));
}

std::string words_line(std::string_view command, std::string_view words, std::string_view help) {
  return fmt::format("complete -c vdsotrace -n '__vdsotrace_is {}' -f -a {} -d {}\n", command, fish_quoted(words),
                     fish_quoted(help));
}

}  // namespace

std::string fish_completion(std::span<const CommandRows> commands) {
  std::string names, text;
  for (const CommandRows& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    for (const OptionRow& option : command.options) text += option_line(command.name, option);
    text += words_line("trace", command.name, command.help);
    if (command.runs_program) text += words_line(command.name, "(__fish_complete_command)", "Program");
  }
  text += words_line("help", names, "Command");
  text += words_line("completions", kShells, "Shell");
  return fmt::format("set -g __vdsotrace_commands {}\n", names) + std::string(kFishBegin) + text;
}

}  // namespace vdsotrace::cli
