// What the command lines of all commands have in common.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Operands that are not options: a program and its arguments.
struct Operands {
  std::vector<std::string> program;
  std::size_t start = 0;    ///< index in the arguments of the first of them
  bool after_mark = false;  ///< "--" stood before them
};

/// Lets `app` take the options of `given` up to the first other word. `command` is the command
/// word, empty for a trace. Errors: an option that is unknown or belongs to another command, a bad value.
Result<Operands> parse_operands(CLI::App& app, const std::vector<std::string>& given, std::string_view command = {});

/// Errors: not a number that can be a process.
Result<pid_t> parse_pid(const std::string& text);
/// The same without an error of its own: nothing for what can be no process.
std::optional<pid_t> pid_named(std::string_view word);

}  // namespace vdsotrace::cli
