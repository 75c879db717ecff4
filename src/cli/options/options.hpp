// The command line, parsed and checked. Spelled as docs/formats.md and strace have it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "audit/fail_rules.hpp"
#include "audit/findings.hpp"
#include "cli/options/expressions.hpp"
#include "cli/options/option_rows.hpp"
#include "cli/options/terminal.hpp"
#include "os/tracing/spawn.hpp"
#include "sinks/summary.hpp"
#include "sinks/text.hpp"
#include "trace/program.hpp"
#include "vdsotrace/error.hpp"
#include "vdsotrace/injection.hpp"
#include "vdsotrace/selection.hpp"

namespace vdsotrace::cli {

/// --direct
enum class Direct : std::uint8_t { automatic, trace_points, stops, off };

/// What an audit has beside the options of a trace.
struct AuditOptions {
  std::string html;                    ///< --html FILE; empty: none, like the next four
  std::string folded;                  ///< --folded FILE
  std::string chrome_trace;            ///< --chrome-trace FILE
  std::string pprof;                   ///< --pprof FILE
  std::string metrics;                 ///< --openmetrics FILE
  FailRules fail_on;                   ///< --fail-on, --allow
  bool all = false;                    ///< --all
  double threshold = kUsualThreshold;  ///< --threshold, of 1
  bool seccomp = false;                ///< --seccomp
};

/// What sums up a trace, at its end or in its place.
struct SummaryOptions {
  bool only = false;             ///< -c
  bool too = false;              ///< -C
  bool wall_clock = false;       ///< -w: its times are from a call's begin to its end, not the processor's
  SortKey sort = SortKey::time;  ///< -S
  SummaryColumns columns = default_summary_columns();  ///< -U
  std::int64_t overhead_ns = 0;                        ///< -O: taken off each system call's time

  bool any() const { return only || too; }
};

struct Options {
  std::vector<std::string> program;  ///< and its arguments
  std::vector<pid_t> attach;         ///< -p; this or a program, or both

  bool follow = false;                                     ///< -f
  bool detach_on_exec = false;                             ///< -b execve
  Interruptible interruptible = Interruptible::automatic;  ///< -I
  Daemonize daemonize = Daemonize::no;                     ///< -D
  bool ignores_terminal_stop = false;                      ///< -I never_tstp
  bool split = false;                                      ///< -ff: one output file per process
  std::string output;   ///< -o; empty: standard error; "-": standard output; "|CMD": a pipe
  bool append = false;  ///< -A
  SummaryOptions summary;
  Selection selection;                            ///< -e
  std::shared_ptr<const Injections> injections;   ///< -e inject=, -e fault=; null: none
  std::shared_ptr<const ArgumentSets> arguments;  ///< -v, -e abbrev=, verbose=, raw=; null: none of them
  DecodeLimits limits;                            ///< -s, -x, -X, -y, -Y, and `arguments` as its sets
  /// -t, -r, -a, -n, -i, -e read=, -e write=; the rest of it is made of other options.
  TextOptions text;
  std::optional<Precision> durations;    ///< -T
  bool stacks = false;                   ///< -k
  bool always_pid = false;               ///< --always-show-pid
  bool callers = false;                  ///< --callers
  std::vector<std::string> runtimes;     ///< --runtime
  std::vector<std::string> paths;        ///< -P
  std::vector<std::string> environment;  ///< -E
  std::string user;                      ///< -u
  int quiet = 0;                         ///< -q so often
  Quiet quieted;                         ///< of messages that -q or -e quiet= names
  bool json = false;
  Color color = Color::automatic;
  std::string engine = "auto";
  Direct direct = Direct::automatic;
  bool inline_syscalls = false;  ///< --syscalls=inline
  bool hide_vdso = false;        ///< --no-vdso
  bool steps = false;            ///< --steps
  bool pin = false;
  double duration = 0;                ///< seconds; 0: no limit
  std::optional<AuditOptions> audit;  ///< not a trace but an audit
};

/// Text to print on standard output instead of doing anything (--help, --version).
struct Information {
  std::string text;
};

/// A command that has options of its own, and what stood around its name.
struct OtherCommand {
  std::string name;  ///< "info", "dump"
  std::vector<std::string> arguments;
};

using Parsed = std::variant<Options, Information, OtherCommand>;

/// Errors: no engine has that name (--engine).
Result<void> check_engine(const std::string& name);

std::vector<OptionRow> trace_options();
/// Those that its help shows.
std::vector<OptionRow> audit_options();

/// A hint if `word` looks like a command misspelt, else empty.
std::string meant_command(std::string_view word);

/// Errors: unknown options and words, values out of range, options that exclude each other.
Result<Parsed> parse_options(int argc, const char* const* argv);

}  // namespace vdsotrace::cli
