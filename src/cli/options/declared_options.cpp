#include "cli/options/declared_options.hpp"

#include <CLI/CLI.hpp>

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::cli {
namespace {

/// `names`: options whose arguments are expressions of -e behind `prefix`. They are kept in the order in which they are given.
void declare_expressions(CLI::App& app, ParsedFlags& raw, const std::string& names, const std::string& prefix, const std::string& help) {
  const auto add = [&raw, prefix](const std::string& set) { raw.expressions.push_back(prefix + set); };
  app.add_option_function<std::string>(names, add, help)->type_name(prefix.empty() ? "EXPR" : "SET")->trigger_on_parse();
}

/// A flag that stands for an expression of -e.
void declare_expression_flag(CLI::App& app, ParsedFlags& raw, const std::string& names, const std::string& expression, const std::string& help) {
  app.add_flag_callback(names, [&raw, expression] { raw.expressions.push_back(expression); }, help)->trigger_on_parse();
}

void declare_statuses(CLI::App& app, ParsedFlags& raw) {
  declare_expressions(app, raw, "--status", "status=", "As -e status=SET");
  declare_expression_flag(app, raw, "-z,--successful-only", "status=successful", "Show only calls that succeed");
  declare_expression_flag(app, raw, "-Z,--failed-only,--failing-only", "status=failed", "Show only calls that fail");
}

void declare_argument_sets(CLI::App& app, ParsedFlags& raw) {
  const auto add = [&raw](std::int64_t) { raw.expressions.emplace_back("abbrev=none"); };
  app.add_flag_function("-v,--no-abbrev", add, "Structures, arrays and the environment in full: abbrev=none")->trigger_on_parse();
  declare_expressions(app, raw, "--abbrev", "abbrev=", "As -e abbrev=SET: calls of which structures are cut");
  declare_expressions(app, raw, "--verbose", "verbose=", "As -e verbose=SET: calls of which structures are shown");
  declare_expressions(app, raw, "--raw", "raw=", "As -e raw=SET: calls whose arguments are shown as numbers");
}

void declare_injections(CLI::App& app, ParsedFlags& raw) {
  declare_expressions(app, raw, "--inject", "inject=",
                      "As -e inject=SET:WHAT: tamper with these calls, whatever their route: error=ERRNO, retval=N, signal=SIG, delay_enter=TIME, ...");
  declare_expressions(app, raw, "--fault", "fault=", "As -e fault=SET[:error=ERRNO]: make these calls fail");
}

void declare_times(CLI::App& app, ParsedFlags& raw) {
  app.add_flag("-t", raw.stamps, "Time of day before each line; -tt with microseconds, -ttt since 1970");
  app.add_flag("--absolute-timestamps{time},--timestamps{time}", raw.absolute,
               "The same; =FORMAT,PRECISION: none, time or unix, and s, ms, us or ns")
      ->join(',');
  app.add_flag("-r{us},--relative-timestamps{us}", raw.relative, "Time since the line before; =PRECISION");
  app.add_flag("-T{us},--syscall-times{us}", raw.syscall_times, "Time spent in each system call; audit: measure vDSO calls; =PRECISION");
}

/// What is shown of a call's place and of the files that it uses.
void declare_details(CLI::App& app, ParsedFlags& raw) {
  Options& o = raw.options;
  app.add_flag("--always-show-pid", o.always_pid, "Begin each line with its thread: [pid N], or as strace -f -o just N where -o FILE is given");
  app.add_flag("-n,--syscall-number", o.text.numbers, "The number of each call, before it");
  app.add_flag("-i,--instruction-pointer", o.text.instruction_pointers, "The instruction pointer at each system call");
  app.add_option("-P,--trace-path", o.paths, "Only calls that use PATH")->type_name("PATH")->allow_extra_args(false);
  app.add_flag("-y", raw.descriptors, "What descriptors refer to: 3</path>; -yy: sockets, devices and pidfds in detail");
  app.add_flag("--decode-fds{path}", raw.decode_fds, "The same, also -e decode-fds=SET: path, socket, dev, pidfd, all or none");
  declare_expression_flag(app, raw, "-Y", "decode-pids=comm", "What processes are called that calls name: 7<bash>");
  declare_expression_flag(app, raw, "--pidns-translation", "decode-pids=pidns", "Their numbers in our PID namespace, where they have others");
  declare_expressions(app, raw, "--decode-pids", "decode-pids=", "The same, also -e decode-pids=SET: comm, pidns, all or none");
  declare_expressions(app, raw, "--read", "read=", "As -e read=SET: dump all that is read from these descriptors");
  declare_expressions(app, raw, "--write", "write=", "As -e write=SET: dump all that is written to these descriptors");
}

void declare_messages(CLI::App& app, ParsedFlags& raw) {
  app.add_flag("-q", raw.options.quiet, "Fewer messages; -qq: no exit lines either; -qqq: not even that calls are missing");
  app.add_flag("--quiet{attach},--silent{attach},--silence{attach}", raw.quiet,
               "As -q; =SET, also -e quiet=SET: attach, exit, path-resolution, personality, thread-execve, all or none");
}

/// What concerns vdsotrace as a process, and when it leaves others alone.
void declare_tracer(CLI::App& app, ParsedFlags& raw) {
  app.add_option("-b,--detach-on", raw.detach_on, "Detach from processes when they execute another program (execve)")->type_name("CALL");
  app.add_flag("-D", raw.daemonize, "Be a grandchild of the program's process, not its parent; -DD in a process group, -DDD in a session of its own");
  app.add_flag("--daemonize{grandchild},--daemonise{grandchild},--daemonized{grandchild}", raw.daemonize_as, "The same; =WHERE: grandchild, pgroup or session");
  app.add_option("-I,--interruptible", raw.interruptible,
                 "When signals to vdsotrace end the trace: 1 (anywhere, always), 2 (waiting): always; 3 (never); 4 (never_tstp): nor does Ctrl-Z stop it")
      ->type_name("WHEN");
}

/// Where the trace goes, and what of it is summed up.
void declare_output(CLI::App& app, ParsedFlags& raw) {
  Options& o = raw.options;
  app.add_option("-o,--output", o.output, "Write to FILE, to standard output (-) or to a command ('|CMD')")->type_name("FILE");
  app.add_flag("--output-separately", raw.output_separately, "One FILE.PID for each process; -ff is -f with this");
  app.add_flag("-A,--output-append-mode", o.append, "Append to FILE");
  app.add_flag("-c,--summary-only", o.summary.only, "Count calls and print only a summary");
  app.add_flag("-C,--summary", o.summary.too, "Print a summary after the trace");
  app.add_flag("-w,--summary-wall-clock", o.summary.wall_clock, "Summary of wall-clock time, not of processor time in the kernel");
  app.add_option("-S,--summary-sort-by", raw.sort, "Sort the summary by a column of -U, or by none")->type_name("KEY");
  app.add_option("-U,--summary-columns", raw.summary_columns,
                 "Columns of the summary: some of time-percent, total-time, min-time, max-time, avg-time, calls, errors, route, name, median-ns, p99-ns, max-ns")
      ->type_name("COLUMNS");
  app.add_option("-O,--summary-syscall-overhead", raw.overhead, "Subtract TIME from each system call in the summary (microseconds, or with ns, us, ms, s)")
      ->type_name("TIME");
}

/// Which calls and signals are shown, and what is done to them.
void declare_selection(CLI::App& app, ParsedFlags& raw) {
  declare_expressions(app, raw, "-e", "",
                      "trace=SET: these calls, by name or class (%vdso, %clock, %file, ...); route=SET: of vdso, fallback, syscall, vsyscall, unknown; signal=SET; status=SET");
  declare_expressions(app, raw, "--trace", "trace=", "As -e trace=SET");
  declare_expressions(app, raw, "--signal,--signals", "signal=", "As -e signal=SET");
  declare_statuses(app, raw);
  declare_injections(app, raw);
  declare_argument_sets(app, raw);
}

/// How a line looks, and what of a call's caller and strings it shows.
void declare_lines(CLI::App& app, ParsedFlags& raw) {
  Options& o = raw.options;
  app.add_option("-a,--columns", raw.columns, "Begin results in column N at the earliest; strace's default is 40")->type_name("N");
  app.add_flag("-k,--stack-traces,--stack-trace", o.stacks, "Show the stack under each call");
  app.add_flag("--callers", o.callers, "Show who made each vDSO-capable call: the first caller outside the C library");
  app.add_option("--runtime", o.runtimes, "Treat these files and functions as a language runtime: also name the caller beyond them")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  app.add_option("-s,--string-limit", raw.string_limit, "Print at most N bytes of a string (32)")->type_name("N");
  app.add_flag("-x", raw.hex, "Strings that are not all ASCII text in hexadecimal; -xx: all strings");
  app.add_flag("--strings-in-hex{all}", raw.hex_strings, "The same; =SET: none, non-ascii, all, or non-ascii-chars: hexadecimal where escapes are octal else");
  app.add_option("-X,--const-print-style", raw.constants, "Constants and flags as raw numbers, by name (abbrev), or both (verbose)")
      ->type_name("STYLE");
}

/// How calls are observed, and for how long.
void declare_observation(CLI::App& app, ParsedFlags& raw) {
  Options& o = raw.options;
  app.add_option("--engine", o.engine, "auto, inline, breakpoint, perf or step")->type_name("ENGINE");
  app.add_option("--direct", raw.direct, "How direct time calls of running processes are seen: auto, tracepoints, stops or off")->type_name("HOW");
  app.add_option("--syscalls", raw.syscalls, "stops, or inline: count or record system calls in the program, with fewer stops")
      ->type_name("WAY");
  app.add_flag("--seccomp-bpf", raw.seccomp_filter, "Accepted as strace's: a filter is used wherever it serves (NOTES of the man page)");
  app.add_flag("--pin", o.pin, "Run vdsotrace and the program on one processor: stops cost less");
  app.add_option("--duration", raw.duration, "End the trace after this time: 500ms, 5s, 2m, or seconds")->type_name("TIME");
  app.add_flag("--steps", o.steps, "Print the instructions that each vDSO call executed (step engine)");
  app.add_flag("--no-vdso", o.hide_vdso, "Hide the vDSO from the program and everything it executes");
  app.add_flag("--json", o.json, "JSON Lines instead of text");
}

}  // namespace

void declare(CLI::App& app, ParsedFlags& raw) {
  Options& o = raw.options;
  app.set_help_flag();
  app.add_flag("-h,--help", raw.help, "Show this help and exit");
  app.add_flag("-V,--version", raw.version, "Show the version and exit");
  app.add_flag("-f,-F,--follow-forks", raw.follow, "Follow child processes; -ff with -o FILE: one FILE.PID per process");
  app.add_option("-p,--attach", raw.attach, "Attach to a running process; comma-separated; may be repeated")
      ->type_name("PID")
      ->allow_extra_args(false);
  declare_tracer(app, raw);
  declare_output(app, raw);
  declare_selection(app, raw);
  declare_times(app, raw);
  declare_lines(app, raw);
  declare_details(app, raw);
  app.add_option("-E,--env", o.environment, "Set or remove a variable of the program's environment")
      ->type_name("VAR[=VAL]")
      ->allow_extra_args(false);
  app.add_option("-u,--user", o.user, "Run the program as USER")->type_name("USER");
  declare_messages(app, raw);
  declare_observation(app, raw);
  declare_color(app, raw.color);
}

void declare_audit(CLI::App& app, ParsedFlags& raw) {
  app.add_flag("--all", raw.audit.all, "Show every row, every caller and every piece of advice, also what is worth little (see --threshold)");
  app.add_option("--threshold", raw.threshold, "Leave out rows and advice that are worth less than SHARE percent of processor time (0.1)")
      ->type_name("SHARE");
  app.add_flag("--seccomp", raw.audit.seccomp, "Show the system calls that a seccomp profile must allow");
  app.add_option("--html", raw.audit.html, "Also write an HTML report")->type_name("FILE");
  app.add_option("--folded", raw.audit.folded, "Also write folded stacks, for flame graph tools")->type_name("FILE");
  app.add_option("--chrome-trace", raw.audit.chrome_trace, "Also write a trace for Perfetto and chrome://tracing")->type_name("FILE");
  app.add_option("--openmetrics", raw.audit.metrics, "Also write metrics for Prometheus; FILE is replaced as a whole")->type_name("FILE");
  app.add_option("--pprof", raw.audit.pprof, "Also write a profile for pprof (go tool pprof FILE)")->type_name("FILE");
  app.add_option("--fail-on", raw.fail_on,
                 "Exit with status 3 if a call took, or may have taken, one of these routes, and name its callers: ROUTE, ROUTE>COUNT or "
                 "ROUTE>SHARE%; all-fallback and all-syscall count also calls that the C library makes for itself")
      ->type_name("RULES");
  app.add_option("--allow", raw.allow, "Calls that --fail-on does not count: CALL, CALL@MODULE or @MODULE; comma-separated; may be repeated")
      ->type_name("CALLS")
      ->allow_extra_args(false);
}

}  // namespace vdsotrace::cli
