#include "cli/commands/completions_command.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>

#include "cli/commands/compare_command.hpp"
#include "cli/commands/diff_command.hpp"
#include "cli/commands/dump_command.hpp"
#include "cli/commands/info_command.hpp"
#include "cli/commands/merge_command.hpp"
#include "cli/completions/completions.hpp"
#include "cli/options/command_line.hpp"
#include "cli/options/help.hpp"
#include "cli/options/options.hpp"
#include "model/nearest.hpp"
#include "output/output.hpp"

namespace vdsotrace::cli {
namespace {

constexpr HelpPage kCompletionsHelp{
    "usage: vdsotrace completions bash|zsh|fish\n"
    "\n"
    "Prints a script that lets the shell complete the command lines of vdsotrace.\n",
    {},
    "Options",
    "\n"
    "Examples:\n"
    "  vdsotrace completions bash > /etc/bash_completion.d/vdsotrace\n"
    "  vdsotrace completions fish > ~/.config/fish/completions/vdsotrace.fish\n"
    "\n"
    "See man vdsotrace for more.\n"};

struct Shell {
  std::string_view name;
  std::string (*script)(std::span<const CommandRows>);
};
constexpr Shell kScripts[] = {{"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}};

void declare(CLI::App& app, bool& help) {
  app.set_help_flag();
  app.add_flag("-h,--help", help, "Show this help and exit");
}

std::vector<CommandRows> every_command() {
  bool unused = false;
  CLI::App plain;
  declare(plain, unused);
  return {{"trace", "Trace system calls and vDSO calls", trace_options(), true},
          {"audit", "Which time calls enter the kernel, why, and what they cost", audit_options(), true},
          {"compare", "What strace sees, beside what vdsotrace sees", compare_options(), true},
          {"info", "Which calls stay in user space here, and what each costs", info_options(), false},
          {"dump", "The vDSO itself: image, symbols, annotated code", dump_options(), true},
          {"merge", "One audit of many machines or runs", merge_options(), false},
          {"diff", "What changed from one audit to another", diff_options(), false},
          {"help", "The help of a command", rows_of(plain), false},
          {"completions", "A script for a shell", rows_of(plain), false}};
}

Result<std::string> script_for(const std::vector<std::string>& words) {
  constexpr std::string_view kUsage = "vdsotrace completions bash, zsh or fish";
  if (words.size() != 1) return fail("completions: needs the name of one shell", std::string(kUsage));
  const auto* shell = std::ranges::find(kScripts, words.front(), &Shell::name);
  if (shell == std::end(kScripts))
    return fail(fmt::format("completions {}: unknown shell", words.front()), std::string(kUsage));
  return shell->script(every_command());
}

}  // namespace

Result<int> run_completions(const std::vector<std::string>& arguments) {
  bool help = false;
  CLI::App app;
  declare(app, help);
  const auto words = parse_operands(app, arguments, "completions");
  if (!words) return tl::unexpected(words.error());
  if (help) return print_help(app, kCompletionsHelp);
  const auto text = script_for(words->program);
  if (!text) return tl::unexpected(text.error());
  const auto output = Output::standard_output();
  output->write(*text);
  if (auto closed = output->close(); !closed) return tl::unexpected(closed.error());
  return EXIT_SUCCESS;
}

}  // namespace vdsotrace::cli
