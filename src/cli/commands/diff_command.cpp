#include "cli/commands/diff_command.hpp"

#include <fmt/core.h>

#include <cstdlib>

#include "audit/changes.hpp"
#include "base/number.hpp"
#include "cli/commands/audit_files.hpp"
#include "cli/commands/document_head.hpp"
#include "cli/commands/report_output.hpp"
#include "cli/options/command_line.hpp"
#include "cli/options/help.hpp"
#include "cli/options/terminal.hpp"
#include "reports/changes.hpp"

namespace vdsotrace::cli {
namespace {

constexpr int kWorse = 3;  // docs/formats.md, section 6

constexpr HelpPage kDiffHelp{
    "usage: vdsotrace diff [OPTIONS] OLD.json NEW.json\n"
    "\n"
    "Shows what changed from one audit to another, files that audit --json or\n"
    "merge --json wrote. Exits with status 3 if more of a call's calls enter the\n"
    "kernel, or one costs more, than the threshold allows.\n",
    {},
    "Options",
    "\n"
    "Examples:\n"
    "  vdsotrace diff before.json after.json\n"
    "  vdsotrace diff --threshold 5% monday.json tuesday.json\n"
    "\n"
    "See man vdsotrace for more.\n"};

struct DiffOptions {
  std::string output;
  std::string color = "auto";
  std::string threshold = "25%";
  bool json = false;
  bool help = false;
};

void declare(CLI::App& app, DiffOptions& o) {
  app.set_help_flag();
  app.add_flag("-h,--help", o.help, "Show this help and exit");
  app.add_option(
         "--threshold", o.threshold,
         "How much worse a call may get (25): its share of calls that enter the kernel, in percentage points, and what "
         "one call costs, in percent, or 10 ns if that is more")
      ->type_name("PERCENT");
  declare_report_output(app, o.output);
  app.add_flag("--json", o.json, "One JSON object instead of text");
  declare_color(app, o.color);
}

Result<double> parse_threshold(std::string_view text) {
  std::string_view number = text;
  if (number.ends_with('%')) number.remove_suffix(1);
  const auto percent = parse_number<double>(number);
  // Of a share no more than 100 percent points can be gained.
  constexpr double kMost = 1e6;
  if (percent && *percent >= 0 && *percent <= kMost) return *percent;
  return fail(fmt::format("--threshold {}: not a percentage", text), "a number from 0, as 5 or 5%");
}

Result<int> write_changes(const DiffOptions& o, const std::vector<std::string>& files) {
  const auto threshold = parse_threshold(o.threshold);
  if (!threshold) return tl::unexpected(threshold.error());
  const auto color = report_color(o.color, o.json ? "--json" : "");
  if (!color) return tl::unexpected(color.error());
  if (auto fine = check_files(files, "diff", 2, 2); !fine) return tl::unexpected(fine.error());
  const auto before = read_audit_file(files[0]), after = read_audit_file(files[1]);
  if (!before) return tl::unexpected(before.error());
  if (!after) return tl::unexpected(after.error());
  auto output = open_report(o.output);
  if (!output) return tl::unexpected(output.error());
  const Changes changes = changes_between(*before, *after, WorseRules{*threshold});
  const ChangesFacts facts{document_head(), *before, *after};
  (*output)->write(o.json ? changes_json(changes, facts) : changes_text(changes, facts, style_for(*color, **output)));
  if (auto closed = (*output)->close(); !closed) return tl::unexpected(closed.error());
  return changes.is_worse() ? kWorse : EXIT_SUCCESS;
}

}  // namespace

std::vector<OptionRow> diff_options() {
  DiffOptions unused;
  CLI::App app;
  declare(app, unused);
  return rows_of(app);
}

Result<int> run_diff(const std::vector<std::string>& arguments) {
  DiffOptions options;
  CLI::App app;
  declare(app, options);
  const auto words = parse_operands(app, arguments, "diff");
  if (!words) return tl::unexpected(words.error());
  return options.help ? print_help(app, kDiffHelp) : write_changes(options, words->program);
}

}  // namespace vdsotrace::cli
