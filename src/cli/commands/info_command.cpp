#include "cli/commands/info_command.hpp"

#include <fmt/core.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "cli/commands/document_head.hpp"
#include "cli/commands/report_output.hpp"
#include "cli/observing/info_calls.hpp"
#include "cli/observing/own_vdso.hpp"
#include "cli/options/command_line.hpp"
#include "cli/options/duration.hpp"
#include "cli/options/help.hpp"
#include "cli/options/terminal.hpp"
#include "os/machine/clocksource.hpp"
#include "os/memory/vdso_mapping.hpp"
#include "os/proc/proc.hpp"
#include "output/replaced_file.hpp"
#include "reports/check.hpp"
#include "reports/info.hpp"
#include "reports/metrics.hpp"

namespace vdsotrace::cli {
namespace {

constexpr HelpPage kInfoHelp{
    "usage: vdsotrace info [OPTIONS]\n"
    "\n"
    "Tests which calls stay in user space on this machine, and measures what each\n"
    "costs through the vDSO and as a system call.\n",
    {},
    "Options",
    "\n"
    "Examples:\n"
    "  vdsotrace info\n"
    "  vdsotrace info --json | jq .clocksource.current\n"
    "  vdsotrace info --check --max-ns 200\n"
    "\n"
    "See man vdsotrace for more.\n"};

struct InfoOptions {
  std::string pid;
  std::string output;
  std::string color = "auto";
  bool json = false;
  bool check = false;
  std::string most_ns;  ///< --max-ns; empty: not given
  std::string metrics;  ///< --openmetrics; empty: none
  bool help = false;
};

/// A clock that is read in user space takes a tenth of it. More takes one whose counter a hypervisor emulates.
constexpr std::string_view kMostNs = "1000";

void declare(CLI::App& app, InfoOptions& o) {
  app.set_help_flag();
  app.add_flag("-h,--help", o.help, "Show this help and exit");
  app.add_option("-p", o.pid, "Describe the vDSO of process PID")->type_name("PID");
  declare_report_output(app, o.output);
  app.add_flag("--json", o.json, "One JSON object instead of text");
  app.add_flag(
      "--check", o.check,
      "One line for monitoring, and exit status 0 if all common time calls stay in user space and none costs more "
      "than --max-ns, 1 if not, 3 if that cannot be told");
  app.add_option("--max-ns", o.most_ns,
                 "Nanoseconds that a call may cost under --check (1000), or a time with a unit, as 1us")
      ->type_name("N");
  app.add_option("--openmetrics", o.metrics, "Also write metrics for Prometheus; FILE is replaced as a whole")
      ->type_name("FILE");
  declare_color(app, o.color);
}

/// The page's permissions show how the kernel was configured (vsyscall= of its command line).
std::string vsyscall_mode(pid_t pid) {
  const auto mappings = proc::known_mappings(pid);
  if (!mappings) return "unknown";
  for (const proc::Mapping& mapping : *mappings) {
    if (mapping.name == "[vsyscall]") return mapping.readable ? "emulate" : "xonly";
  }
  return "none";
}

std::optional<bool> in_our_time_namespace(pid_t pid) {
  const std::string its = proc::namespace_link(pid, "time"), ours = proc::namespace_link(::getpid(), "time");
  return its.empty() || ours.empty() ? std::nullopt : std::optional(its == ours);
}

void describe(const Result<VdsoDescription>& vdso, InfoFacts& facts) {
  if (vdso) {
    facts.vdso = *vdso;
  } else if (!says_none(vdso.error())) {
    facts.vdso_unknown = vdso.error().message;
  }
}

/// Puts another process's vDSO in the place of ours.
Result<void> look_at(pid_t pid, InfoFacts& facts) {
  auto mapped = read_vdso(pid);
  // Having none is a fact, not a failure.
  if (!mapped && !says_none(mapped.error())) return tl::unexpected(mapped.error());
  ProcessVdso process{pid, proc::executable(pid), false, in_our_time_namespace(pid)};
  std::optional<VdsoDescription> vdso;
  if (mapped) {
    process.same_image = facts.vdso && std::ranges::equal(facts.vdso->image.bytes(), mapped->bytes);
    auto image = VdsoImage::parse(mapped->bytes);
    if (!image) return tl::unexpected(image.error());
    vdso = VdsoDescription{mapped->base, mapped->bytes.size(), std::move(*image)};
  }
  facts.vdso = std::move(vdso);
  facts.vdso_unknown.clear();
  facts.process = std::move(process);
  facts.vsyscall = vsyscall_mode(pid);
  return {};
}

Result<InfoFacts> gather(const InfoOptions& o) {
  utsname system{};
  ::uname(&system);
  InfoFacts facts;
  facts.head = document_head();
  facts.kernel = fmt::format("{} {}", system.sysname, system.release);
  facts.machine = system.machine;
  facts.clocksource = current_clocksource();
  facts.clocksources = available_clocksources();
  facts.vsyscall = vsyscall_mode(::getpid());
  const auto own = own_vdso();
  describe(own, facts);
  if (!o.pid.empty()) {
    const auto looked = parse_pid(o.pid).and_then([&](pid_t pid) { return look_at(pid, facts); });
    if (!looked) return tl::unexpected(looked.error());
  }
  auto calls = info_calls(own);
  if (!calls) return tl::unexpected(calls.error());
  facts.calls = std::move(*calls);
  return facts;
}

Result<Color> color_of(const InfoOptions& o) {
  return report_color(o.color, o.json ? "--json" : o.check ? "--check" : "");
}

Result<void> check_combinations(const InfoOptions& o) {
  const std::pair<bool, std::string_view> pairs[] = {{o.check && o.json, "--check and --json"},
                                                     {o.check && !o.pid.empty(), "--check and -p"},
                                                     {!o.metrics.empty() && !o.pid.empty(), "--openmetrics and -p"}};
  for (const auto& [given, names] : pairs) {
    if (given) return fail(fmt::format("{} exclude each other", names));
  }
  if (!o.check && !o.most_ns.empty()) return fail("--max-ns: needs --check");
  const auto color = color_of(o);
  return color ? Result<void>() : tl::unexpected(color.error());
}

Result<void> write_metrics(const InfoOptions& o, const InfoFacts& facts) {
  return o.metrics.empty() ? Result<void>() : replace_file(o.metrics, info_metrics(facts));
}

/// Whatever fails leaves it open how things are: that is an answer, too.
Check checked(const InfoOptions& o) {
  constexpr double kNsPerSecond = 1e9;
  const auto most = parse_duration("--max-ns", o.most_ns.empty() ? kMostNs : o.most_ns, "ns");
  if (!most) return unknown_check(most.error().message);
  const auto facts = gather(o);
  if (!facts) return unknown_check(facts.error().message);
  if (auto written = write_metrics(o, *facts); !written) return unknown_check(written.error().message);
  return check_of(*facts, std::round(*most * kNsPerSecond * 1e3) / 1e3);
}

/// `text` makes what is written, in the style of where that goes.
Result<void> write_report(const InfoOptions& o, const std::function<std::string(const TextStyle&)>& text) {
  const auto color = color_of(o);
  if (!color) return tl::unexpected(color.error());
  const auto output = open_report(o.output);
  if (!output) return tl::unexpected(output.error());
  (*output)->write(text(style_for(*color, **output)));
  return (*output)->close();
}

/// The exit status. One that could not write its line must not pass for an answer.
int run_check(const InfoOptions& o) {
  const Check check = checked(o);
  const auto written = write_report(o, [&](const TextStyle&) { return check.line; });
  if (written) return static_cast<int>(check.status);
  Output::standard_error()->write(fmt::format("vdsotrace: {}\n", written.error().message));
  return static_cast<int>(CheckStatus::unknown);
}

Result<void> describe_machine(const InfoOptions& o) {
  const auto facts = gather(o);
  if (!facts) return tl::unexpected(facts.error());
  const auto written =
      write_report(o, [&](const TextStyle& style) { return o.json ? info_json(*facts) : info_text(*facts, style); });
  return written ? write_metrics(o, *facts) : written;
}

}  // namespace

std::vector<OptionRow> info_options() {
  InfoOptions unused;
  CLI::App app;
  declare(app, unused);
  return rows_of(app);
}

Result<int> run_info(const std::vector<std::string>& arguments) {
  InfoOptions options;
  CLI::App app;
  declare(app, options);
  const auto words = parse_operands(app, arguments, "info");
  if (!words) return tl::unexpected(words.error());
  if (options.help) return print_help(app, kInfoHelp);
  if (!words->program.empty())
    return fail(fmt::format("{}: info takes no program", words->program.front()),
                "vdsotrace info -p PID describes a running one");
  if (auto fine = check_combinations(options); !fine) return tl::unexpected(fine.error());
  if (options.check) return run_check(options);
  if (auto done = describe_machine(options); !done) return tl::unexpected(done.error());
  return EXIT_SUCCESS;
}

}  // namespace vdsotrace::cli
