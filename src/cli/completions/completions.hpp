// Scripts that let a shell complete a command line of vdsotrace.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/options/option_rows.hpp"

namespace vdsotrace::cli {

/// For bash(1), with or without the package bash-completion.
std::string bash_completion(std::span<const CommandRows> commands);
/// For zsh(1): a function to be autoloaded, zshcompsys(1).
std::string zsh_completion(std::span<const CommandRows> commands);
/// For fish(1): calls of complete.
std::string fish_completion(std::span<const CommandRows> commands);

/// The words that a value of that kind ("ENGINE") can be, with blanks between; empty if it can be any.
std::string_view words_of_value(std::string_view kind);

/// `text` as one word for a shell: 'text'. Neither quotes nor backslashes have a meaning in it.
std::string shell_quoted(std::string_view text);

/// What completes `vdsotrace completions`.
inline constexpr std::string_view kShells = "bash zsh fish";

}  // namespace vdsotrace::cli
