#include "cli/commands/compare_command.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cli/commands/document_head.hpp"
#include "cli/observing/observation.hpp"
#include "cli/options/command_line.hpp"
#include "cli/options/help.hpp"
#include "model/compare/strace_log.hpp"
#include "os/self/run_program.hpp"
#include "os/tracing/spawn.hpp"
#include "output/output.hpp"
#include "reports/compare.hpp"
#include "sinks/seen_run_sink.hpp"

namespace vdsotrace::cli {
namespace {

constexpr HelpPage kHelp{
    "usage: vdsotrace compare [OPTIONS] [--] PROGRAM [ARG...]\n"
    "\n"
    "Runs the program under vdsotrace, then again under strace, and prints what each\n"
    "saw side by side. Children are followed. Standard input goes to the first run.\n",
    {},
    "Options",
    "\n"
    "Examples:\n"
    "  vdsotrace compare date\n"
    "  vdsotrace compare --strace-log strace.txt ./server\n"
    "\n"
    "See man vdsotrace for more.\n"};

constexpr std::string_view kOtherLog = "--strace-log FILE compares with a log of strace that was made elsewhere";

struct CompareOptions {
  Options trace;
  std::string log;  ///< --strace-log
  std::size_t most_lines = CompareFacts{}.most_lines;
  std::string color = "auto";
  bool follow = false;
  bool help = false;
};

void declare(CLI::App& app, CompareOptions& o) {
  app.set_help_flag();
  app.add_flag("-h,--help", o.help, "Show this help and exit");
  app.add_flag("-f,--follow-forks", o.follow, "Follow child processes: compare always does");
  app.add_option("-o,--output", o.trace.output, "Write to FILE, to standard output (-) or to a command ('|CMD')")
      ->type_name("FILE");
  app.add_option("-E,--env", o.trace.environment, "Set or remove a variable of the program's environment")
      ->type_name("VAR[=VAL]")
      ->allow_extra_args(false);
  app.add_option("-u,--user", o.trace.user, "Run the program as USER")->type_name("USER");
  app.add_option("--engine", o.trace.engine, "auto, inline, breakpoint, perf or step")->type_name("ENGINE");
  app.add_flag("--no-vdso", o.trace.hide_vdso, "Hide the vDSO from the program in vdsotrace's run");
  app.add_option("--strace-log", o.log, "Do not run strace; read FILE, which strace wrote elsewhere")
      ->type_name("FILE");
  app.add_option("--lines", o.most_lines, "Print at most N lines side by side (40)")->type_name("N");
  app.add_flag("--json", o.trace.json, "One JSON object instead of text");
  declare_color(app, o.color);
}

/// A file of ours that is gone with this object.
class TemporaryFile {
 public:
  static Result<TemporaryFile> make() {
    const char* folder = std::getenv("TMPDIR");
    std::string path = fmt::format("{}/vdsotrace-XXXXXX", folder != nullptr && *folder != '\0' ? folder : "/tmp");
    const UniqueFd fd(::mkstemp(path.data()));
    if (fd.get() < 0) return fail(fmt::format("{}: {}", path, std::strerror(errno)), {}, errno);
    return TemporaryFile(std::move(path));
  }
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

std::vector<std::string> strace_command(const std::string& strace, const std::string& log, const Options& o) {
  std::vector<std::string> command{strace, "-f", "-qq", "-o", log};
  for (const std::string& edit : o.environment) command.insert(command.end(), {"-E", edit});
  if (!o.user.empty()) command.insert(command.end(), {"-u", o.user});
  command.emplace_back("--");
  command.insert(command.end(), o.program.begin(), o.program.end());
  return command;
}

Result<SeenRun> read_log(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return fail(fmt::format("{}: is a directory", path), {}, EISDIR);
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(fmt::format("{}: {}", path, std::strerror(errno)), {}, errno);
  StraceLog log;
  std::string line;
  // A line without an end must not take all memory.
  for (int next = file.get(); next != std::char_traits<char>::eof(); next = file.get()) {
    if (next == '\n') {
      log.take(line);
      line.clear();
    } else if (line.size() < StraceLog::kLongestLine) {
      line.push_back(static_cast<char>(next));
    }
  }
  if (file.bad()) return fail(fmt::format("{}: cannot read", path));
  log.take(line);
  SeenRun run = log.finish();
  if (!run.empty()) return run;
  return fail(fmt::format("{}: there is no call in it", path),
              log.has_summary() ? "the summary of strace -c does not list calls: leave -c out"
                                : "a log is what strace -f -o FILE writes");
}

Result<SeenRun> run_strace(const std::string& strace, const Options& o) {
  const auto log = TemporaryFile::make();
  if (!log) return tl::unexpected(log.error());
  const auto status = run_program(strace_command(strace, log->path(), o));
  if (!status) return tl::unexpected(status.error());
  auto run = read_log(log->path());
  if (!run) return fail(fmt::format("strace saw no call and ended with status {}", *status), std::string(kOtherLog));
  return run;
}

Result<std::string> find_strace(const CompareOptions& o) {
  if (!o.log.empty()) return std::string();
  auto strace = find_program("strace");
  if (!strace) return fail("strace is not installed", std::string(kOtherLog), strace.error().code);
  return strace;
}

Result<void> check(const CompareOptions& o) {
  if (o.trace.program.empty()) return fail("compare: no program given", "see vdsotrace compare --help");
  return check_engine(o.trace.engine);
}

bool interrupted(const std::optional<ProgramEnd>& end) {
  return end && end->signaled && (end->code == SIGINT || end->code == SIGQUIT);
}

/// `strace`: the program that ran as well, where no log is given.
CompareFacts facts_of(const CompareOptions& o, const std::string& strace, const Observation& observation) {
  const Aggregate& totals = observation.totals();
  return {document_head(),
          o.trace.program,
          std::string(observation.engine()),
          o.log.empty() ? strace : o.log,
          o.log.empty(),
          o.trace.hide_vdso,
          o.most_lines,
          totals.lost(),
          totals.complete(),
          totals.notices().lines()};
}

Result<int> compare_runs(const CompareOptions& o) {
  const auto strace = find_strace(o);
  if (!strace) return tl::unexpected(strace.error());
  // An error in the log is reported before the program has run for nothing.
  Result<SeenRun> theirs = o.log.empty() ? SeenRun{} : read_log(o.log);
  if (!theirs) return tl::unexpected(theirs.error());
  if (const auto found = find_program(o.trace.program.front()); !found) return tl::unexpected(found.error());
  const auto output = open_output(o.trace);
  if (!output) return tl::unexpected(output.error());
  SeenRun ours;
  // strace runs the program once more.
  Observation observation(o.trace, Needs{}, Streams::keep);
  const auto end = observation.run([&]() -> Result<void> {
    add_notices(observation.pipeline(), o.trace, **output);
    observation.pipeline().add(std::make_unique<SeenRunSink>(ours, o.trace.limits));
    return {};
  });
  if (!end) return tl::unexpected(end.error());
  if (auto finished = observation.pipeline().finish(); !finished) return tl::unexpected(finished.error());
  if (interrupted(*end)) return exit_as(*end);
  if (o.log.empty()) theirs = run_strace(*strace, o.trace);
  if (!theirs) return tl::unexpected(theirs.error());

  const CompareFacts facts = facts_of(o, *strace, observation);
  const Comparison comparison = compare(*theirs, ours);
  (*output)->write(o.trace.json ? compare_json(comparison, facts)
                                : compare_text(comparison, facts, style_for(o.trace.color, **output)));
  const auto closed = (*output)->close();
  report_lost(o.trace, **output, observation.totals());
  if (!closed) return tl::unexpected(closed.error());
  return exit_as(observation.await_rest(*end));
}

}  // namespace

std::vector<OptionRow> compare_options() {
  CompareOptions unused;
  CLI::App app;
  declare(app, unused);
  return rows_of(app);
}

Result<int> run_compare(const std::vector<std::string>& arguments) {
  CompareOptions options;
  CLI::App app;
  declare(app, options);
  auto words = parse_operands(app, arguments, "compare");
  if (!words) return tl::unexpected(words.error());
  options.trace.program = std::move(words->program);
  options.trace.follow = true;
  if (options.help) return print_help(app, kHelp);
  if (auto fine = check(options); !fine) return tl::unexpected(fine.error());
  const auto color = report_color(options.color, options.trace.json ? "--json" : "");
  if (!color) return tl::unexpected(color.error());
  options.trace.color = *color;
  return compare_runs(options);
}

}  // namespace vdsotrace::cli
