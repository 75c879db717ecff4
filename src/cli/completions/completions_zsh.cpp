#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cli/completions/completions.hpp"

namespace vdsotrace::cli {
namespace {

constexpr std::string_view kZshBegin =
    "#compdef vdsotrace\n# zsh completion of vdsotrace, made by \"vdsotrace completions zsh\"\n\n";

/// The words before the cursor decide which command's options are meant.
constexpr std::string_view kZshEnd = R"sh(  local word
  for word in ${words[2,CURRENT-1]}; do
    if (( ${names[(Ie)$word]} )); then
      local -i at=${words[(i)$word]}
      words=(vdsotrace ${words[at+1,-1]})
      (( CURRENT -= at - 1 ))
      _vdsotrace_$word
      return
    fi
    [[ $word == -* ]] || break
  done
  _vdsotrace_trace
}

_vdsotrace "$@"
)sh";

/// In a description brackets, colons and backslashes have a meaning.
std::string described(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string action_for(std::string_view kind) {
  if (kind == "FILE") return "_files";
  if (kind == "PID") return "_pids";
  if (kind == "USER") return "_users";
  const auto words = words_of_value(kind);
  return words.empty() ? std::string(" ") : fmt::format("({})", words);
}

std::string option_specs(const OptionRow& option) {
  std::string text;
  for (const std::string& name : option.names) {
    const bool with_equals = !option.value.empty() && name.starts_with("--");
    std::string spec = fmt::format("*{}{}[{}]", name, with_equals ? "=" : "", described(option.help));
    if (!option.value.empty()) spec += fmt::format(":{}:{}", option.value, action_for(option.value));
    text += fmt::format(" \\\n    {}", shell_quoted(spec));
  }
  return text;
}

/// What follows the options.
std::string rest_of(const CommandRows& command, std::string_view command_names) {
  if (command.name == "help") return fmt::format(" \\\n    '1:command:({})'", command_names);
  if (command.name == "completions") return fmt::format(" \\\n    '1:shell:({})'", kShells);
  if (command.name == "trace") return " \\\n    '(-)1: :_vdsotrace_commands' \\\n    '*:: :_normal'";
  return command.runs_program ? " \\\n    '(-)1: :_command_names -e' \\\n    '*:: :_normal'" : "";
}

}  // namespace

std::string zsh_completion(std::span<const CommandRows> commands) {
  std::string names, listed, functions;
  for (const CommandRows& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    listed += ' ' + shell_quoted(fmt::format("{}:{}", command.name, described(command.help)));
  }
  for (const CommandRows& command : commands) {
    functions += fmt::format("_vdsotrace_{}() {{\n  _arguments -s -S", command.name);
    for (const OptionRow& option : command.options) functions += option_specs(option);
    functions += rest_of(command, names) + "\n}\n\n";
  }
  functions += fmt::format("_vdsotrace_commands() {{\n  local -a known=({})\n", listed);
  functions += "  _describe command known\n  _command_names -e\n}\n";
  functions += fmt::format("\n_vdsotrace() {{\n  local -a names=({})\n", names);
  return std::string(kZshBegin) + functions + std::string(kZshEnd);
}

}  // namespace vdsotrace::cli
