#include <fmt/core.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "cli/completions/completions.hpp"

namespace vdsotrace::cli {
namespace {

constexpr std::string_view kBegin = R"sh(# bash completion of vdsotrace, made by "vdsotrace completions bash"

)sh";

/// What follows uses the two functions that are made of the table.
constexpr std::string_view kEnd = R"sh(
# Completes the value of kind $1 of an option.
_vdsotrace_complete_value() {
  case $1 in
    FILE) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null ;;
    PID) COMPREPLY=($(compgen -W "$(cd /proc && echo [0-9]*)" -- "$cur")) ;;
    USER) COMPREPLY=($(compgen -u -- "$cur")) ;;
    EXPR) COMPREPLY=($(compgen -W "$(_vdsotrace_words EXPR)" -- "$cur")); compopt -o nospace 2>/dev/null ;;
    *) COMPREPLY=($(compgen -W "$(_vdsotrace_words "$1")" -- "$cur")) ;;
  esac
}

# Completes a program or, behind it, its arguments. $1: index of the program.
_vdsotrace_complete_program() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif ((COMP_CWORD == $1)); then
    COMPREPLY=($(compgen -c -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
    compopt -o filenames 2>/dev/null
  fi
}

# Sets command and program: the command word, and the index of the word after the options.
_vdsotrace_look_back() {
  local i word
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --) program=$((i + 1)) && return ;;
      =) ((i++)) ;;
      -*) [[ -z $(_vdsotrace_value "$word") || ${COMP_WORDS[i + 1]} == = ]] || ((i++)) ;;
      *)
        if [[ -n $command || -z $(_vdsotrace_options "$word") ]]; then
          program=$i
          return
        fi
        command=$word
        ;;
    esac
  done
}

_vdsotrace() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= program= kind
  COMPREPLY=()
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  _vdsotrace_look_back
  kind=$(_vdsotrace_value "$prev")
  if [[ -n $program ]]; then
    _vdsotrace_complete_program "$program"
  elif [[ -n $kind ]]; then
    _vdsotrace_complete_value "$kind"
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$(_vdsotrace_options "${command:-trace}")" -- "$cur"))
  elif [[ -z $command ]]; then
    COMPREPLY=($(compgen -c -W "$(_vdsotrace_words COMMAND)" -- "$cur"))
  elif [[ $command == help ]]; then
    COMPREPLY=($(compgen -W "$(_vdsotrace_words COMMAND)" -- "$cur"))
  elif [[ $command == completions ]]; then
    COMPREPLY=($(compgen -W "$(_vdsotrace_words SHELL)" -- "$cur"))
  elif [[ $command != info ]]; then
    COMPREPLY=($(compgen -c -- "$cur"))
  fi
}

complete -F _vdsotrace vdsotrace
)sh";

/// A function that prints, for a word, what the table has for it.
std::string lookup(std::string_view name, const std::map<std::string, std::string>& table) {
  std::string text = fmt::format("{}() {{\n  case $1 in\n", name);
  for (const auto& [word, found] : table)
    text += fmt::format("    {}) printf '%s\\n' {} ;;\n", word, shell_quoted(found));
  return text + "  esac\n}\n";
}

}  // namespace

std::string bash_completion(std::span<const CommandRows> commands) {
  std::map<std::string, std::string> options, values, words;
  for (const CommandRows& command : commands) {
    words["COMMAND"] += command.name + ' ';
    for (const OptionRow& option : command.options) {
      options[command.name] += fmt::format("{} ", fmt::join(option.names, " "));
      if (option.value.empty()) continue;
      for (const std::string& name : option.names) values[name] = option.value;
      if (const auto known = words_of_value(option.value); !known.empty()) words[option.value] = known;
    }
  }
  words["SHELL"] = kShells;
  return std::string(kBegin) + lookup("_vdsotrace_options", options) + lookup("_vdsotrace_value", values) +
         lookup("_vdsotrace_words", words) + std::string(kEnd);
}

}  // namespace vdsotrace::cli
