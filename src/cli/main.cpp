#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <fmt/core.h>

#include "cli/commands/audit_command.hpp"
#include "cli/commands/compare_command.hpp"
#include "cli/commands/completions_command.hpp"
#include "cli/commands/diff_command.hpp"
#include "cli/commands/dump_command.hpp"
#include "cli/commands/info_command.hpp"
#include "cli/commands/merge_command.hpp"
#include "cli/commands/trace_command.hpp"
#include "cli/observing/added_costs.hpp"
#include "cli/options/options.hpp"

namespace {

/// Usage errors and vdsotrace's own failures (docs/formats.md, section 6).
constexpr int kFailure = 1;

int report(const vdsotrace::Error& error) {
  // Standard error may be the very pipe that broke, or the very file that may not grow.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // fmt::print would throw where it cannot write.
  std::fputs(fmt::format("vdsotrace: {}\n", error.message).c_str(), stderr);
  if (!error.hint.empty()) std::fputs(fmt::format("hint: {}\n", error.hint).c_str(), stderr);
  return kFailure;
}

/// The commands with options of their own.
struct Command {
  std::string_view name;
  vdsotrace::Result<int> (*run)(const std::vector<std::string>& arguments);
};
constexpr Command kCommands[] = {
    {"compare", vdsotrace::cli::run_compare}, {"info", vdsotrace::cli::run_info},
    {"dump", vdsotrace::cli::run_dump},       {"merge", vdsotrace::cli::run_merge},
    {"diff", vdsotrace::cli::run_diff},       {"completions", vdsotrace::cli::run_completions}};

vdsotrace::Result<int> run(const vdsotrace::cli::Parsed& parsed) {
  const auto* other = std::get_if<vdsotrace::cli::OtherCommand>(&parsed);
  for (const Command& command : kCommands) {
    if (other != nullptr && other->name == command.name) return command.run(other->arguments);
  }
  const auto& options = std::get<vdsotrace::cli::Options>(parsed);
  auto status = options.audit ? vdsotrace::cli::run_audit(options) : vdsotrace::cli::run_trace(options);
  // A program that is not there may be a command misspelt.
  const std::string word = options.program.empty() ? std::string() : options.program.front();
  const bool is_missing = !status && status.error().code == ENOENT && status.error().message.starts_with(word + ": ");
  if (is_missing && status.error().hint.empty()) status.error().hint = vdsotrace::cli::meant_command(word);
  return status;
}

int run_command_line(int argc, char** argv) {
  if (const auto status = vdsotrace::cli::run_as_observed(argc, argv)) return *status;
  const auto parsed = vdsotrace::cli::parse_options(argc, argv);
  if (!parsed) return report(parsed.error());
  if (const auto* information = std::get_if<vdsotrace::cli::Information>(&*parsed)) {
    std::fputs(information->text.c_str(), stdout);
    return EXIT_SUCCESS;
  }
  const auto status = run(*parsed);
  return status ? *status : report(status.error());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command_line(argc, argv);
  } catch (const std::exception& error) {
    // Errors are values here; what libraries throw is left (std::bad_alloc). On the way here processes were detached.
    return report(vdsotrace::Error{0, error.what(), {}});
  }
}
