#include "cli/commands/merge_command.hpp"

#include <fmt/core.h>

#include <cstdlib>
#include <limits>

#include "audit/merge.hpp"
#include "cli/commands/audit_files.hpp"
#include "cli/commands/document_head.hpp"
#include "cli/commands/report_output.hpp"
#include "cli/options/command_line.hpp"
#include "cli/options/help.hpp"
#include "cli/options/terminal.hpp"
#include "output/replaced_file.hpp"
#include "reports/merge.hpp"
#include "reports/metrics.hpp"

namespace vdsotrace::cli {
namespace {

constexpr HelpPage kMergeHelp{
    "usage: vdsotrace merge [OPTIONS] AUDIT.json...\n"
    "\n"
    "Makes one audit of many machines or runs, out of files that audit --json or\n"
    "merge --json wrote. Reads nothing but these files.\n",
    {},
    "Options",
    "\n"
    "Examples:\n"
    "  vdsotrace merge web1.json web2.json web3.json\n"
    "  vdsotrace merge --json -o fleet.json web1.json web2.json\n"
    "\n"
    "See man vdsotrace for more.\n"};

struct MergeOptions {
  std::string output;
  std::string color = "auto";
  std::string html;
  std::string folded;
  std::string pprof;
  std::string metrics;
  bool json = false;
  bool all = false;
  bool help = false;
};

void declare(CLI::App& app, MergeOptions& o) {
  app.set_help_flag();
  app.add_flag("-h,--help", o.help, "Show this help and exit");
  declare_report_output(app, o.output);
  app.add_flag("--json", o.json, "One JSON object instead of text");
  app.add_option("--html", o.html, "Also write an HTML report")->type_name("FILE");
  app.add_option("--folded", o.folded, "Also write folded stacks, for flame graph tools")->type_name("FILE");
  app.add_option("--pprof", o.pprof, "Also write a profile for pprof (go tool pprof FILE)")->type_name("FILE");
  app.add_option("--openmetrics", o.metrics, "Also write metrics for Prometheus; FILE is replaced as a whole")
      ->type_name("FILE");
  app.add_flag("--all", o.all, "Show every row, every machine of it and every piece of advice");
  declare_color(app, o.color);
}

Result<Audit> merged(const std::vector<std::string>& files) {
  if (auto fine = check_files(files, "merge", 1, std::numeric_limits<std::size_t>::max()); !fine)
    return tl::unexpected(fine.error());
  std::vector<Audit> audits;
  for (const std::string& file : files) {
    auto audit = read_audit_file(file);
    if (!audit) return tl::unexpected(audit.error());
    audits.push_back(std::move(*audit));
  }
  return merge_audits(std::move(audits), document_head());
}

Result<void> write_reports(const MergeOptions& o, Color color, const Audit& audit) {
  AuditTextOptions text;
  text.all_advice = o.all;
  if (o.all) text.most_findings = std::numeric_limits<std::size_t>::max();
  auto output = open_report(o.output);
  if (!output) return tl::unexpected(output.error());
  text.style = style_for(color, **output);
  (*output)->write(o.json ? audit_json(audit) : merge_text(audit, text));
  Result<void> done = (*output)->close();
  const auto also = [&](const std::string& path, std::string (*make)(const Audit&)) {
    if (path.empty()) return;
    if (auto written = replace_file(path, make(audit)); !written && done) done = written;
  };
  also(o.html, merge_html);
  also(o.folded, audit_folded);
  also(o.pprof, audit_pprof);
  also(o.metrics, audit_metrics);
  return done;
}

}  // namespace

std::vector<OptionRow> merge_options() {
  MergeOptions unused;
  CLI::App app;
  declare(app, unused);
  return rows_of(app);
}

Result<int> run_merge(const std::vector<std::string>& arguments) {
  MergeOptions options;
  CLI::App app;
  declare(app, options);
  const auto words = parse_operands(app, arguments, "merge");
  if (!words) return tl::unexpected(words.error());
  if (options.help) return print_help(app, kMergeHelp);
  if (options.json && options.all) return fail("--json and --all exclude each other", "JSON always shows everything");
  const auto color = report_color(options.color, options.json ? "--json" : "");
  if (!color) return tl::unexpected(color.error());
  const auto audit = merged(words->program);
  if (!audit) return tl::unexpected(audit.error());
  if (auto written = write_reports(options, *color, *audit); !written) return tl::unexpected(written.error());
  return EXIT_SUCCESS;
}

}  // namespace vdsotrace::cli
