#include "cli/options/option_conflicts.hpp"

#include <fmt/core.h>

#include <string>
#include <utility>

#include "cli/options/command_line.hpp"
#include "cli/options/direct_option.hpp"
#include "cli/options/trace_help.hpp"
#include "model/syscalls/spec.hpp"
#include "vdsotrace/vdso_service.hpp"

namespace vdsotrace::cli {
namespace {

/// What concerns the start of a program has no meaning for one that runs.
Result<void> check_attach(const Options& o) {
  const bool alone = o.program.empty();
  if (!alone && o.audit) return fail("audit: -p and PROGRAM exclude each other");
  if (!alone && o.engine == "perf")
    return fail("-p and PROGRAM together: the perf engine observes either", "use --engine=auto");
  const std::pair<bool, std::string_view> excluded[] = {
      {o.hide_vdso, "--no-vdso"},
      {alone && !o.environment.empty(), "-E"},
      {alone && !o.user.empty(), "-u"},
      {o.pin, "--pin"},
  };
  for (const auto& [given, name] : excluded) {
    if (given) return fail(fmt::format("-p and {} exclude each other", name));
  }
  return {};
}

/// Stubs change nothing of a call, and breakpoints are set in no running process unless they are asked for.
Result<void> check_injected_functions(const Options& o) {
  if (o.injections == nullptr || o.engine == "breakpoint" || o.engine == "step") return {};
  for (const VdsoService& service : known_services()) {
    const auto nr = number_of(Abi::x86_64, service.syscall);
    if (!o.selection.wants_number(Abi::x86_64, nr, true) || o.injections->of(Abi::x86_64, nr, true) == nullptr)
      continue;
    return fail(fmt::format("-e inject=: in running processes the vDSO's calls of {} are changed only by breakpoints",
                            service.syscall),
                "add --engine=breakpoint (if vdsotrace is killed by SIGKILL then, the processes die)");
  }
  return {};
}

/// What is written, and where.
Result<void> check_outputs(const Options& o) {
  const std::pair<bool, std::string_view> mistakes[] = {
      {o.summary.only && o.summary.too, "-c and -C exclude each other"},
      {o.summary.only && o.steps, "-c and --steps exclude each other"},
      {o.split && o.output.starts_with('|'), "-ff: cannot write to a command"},
      {o.split && o.json, "-ff and --json exclude each other"},
      {o.split && o.summary.only, "-ff and -c exclude each other"},
      {o.append && o.output.empty(), "-A: needs -o FILE"},
  };
  for (const auto& [made, what] : mistakes) {
    if (made) return fail(std::string(what));
  }
  if (o.steps && o.engine != "step")
    return fail(fmt::format("--steps: the {} engine makes no steps", o.engine), "use --engine=step");
  return {};
}

/// What is observed: what runs, what is started, or both.
Result<void> check_subjects(const Options& o) {
  if (!o.attach.empty()) {
    if (auto checked = check_injected_functions(o); !checked) return checked;
    return check_attach(o);
  }
  if (o.program.empty())
    return o.audit ? fail("audit: no program given",
                          "vdsotrace audit PROGRAM [ARG...], or -p PID; see vdsotrace audit --help")
                   : fail("no program given", "vdsotrace [OPTIONS] PROGRAM [ARG...], or -p PID; see vdsotrace --help");
  return {};
}

/// What takes stops.
Result<void> check_inline_syscalls(const Options& o) {
  const bool attaches = !o.attach.empty();
  const std::pair<bool, std::string> excluded[] = {
      {o.audit.has_value(), "audit"},
      {attaches && o.limits.descriptors.any(), "-p with -y"},
      {attaches && o.limits.processes.any(), "-p with -Y"},
      {attaches && o.text.dumps.any(), "-p with -e read= or write="},
      {attaches && !o.program.empty(), "-p with PROGRAM"},
      {attaches && o.injections != nullptr, "-p with -e inject="},
      {attaches && !o.paths.empty(), "-p with -P"},
      {o.engine != "auto" && o.engine != "inline", "--engine=" + o.engine},
      {o.selection.asks_for_route(Route::vsyscall), "-e route=vsyscall"},
  };
  for (const auto& [given, name] : excluded) {
    if (given) return fail(fmt::format("--syscalls=inline: {} needs --syscalls=stops", name));
  }
  return {};
}

/// Processor time is only known of calls that stop, so that a summary has no times unless these are of the wall clock.
Result<void> check_inline_summary(const Options& o) {
  const bool has_summary = o.summary.only || (o.summary.too && !o.json);
  if (!has_summary || o.summary.wall_clock) return {};
  const bool has_usual_columns = o.durations || o.summary.columns == default_summary_columns();
  const std::pair<bool, std::string_view> excluded[] = {
      {o.durations.has_value(), o.summary.only ? "-c -T" : "-C -T"},
      {!has_usual_columns && show_times(o.summary.columns), "-U of times"},
      {o.summary.sort != SortKey::time && is_of_times(o.summary.sort), "-S by times"},
      {o.summary.overhead_ns != 0, "-O"},
  };
  for (const auto& [given, name] : excluded) {
    if (given)
      return fail(fmt::format("--syscalls=inline: {} needs -w", name), "calls that do not stop have no processor time");
  }
  return {};
}

/// What is shown of single calls has no meaning where none is. -T has: calls of the vDSO are measured.
Result<void> check_summary_only(const Options& o) {
  const std::pair<bool, std::string_view> excluded[] = {
      {o.text.stamps != TextOptions::Stamps::none, "-t"},
      {o.text.since_last.has_value(), "-r"},
      {o.stacks, "-k"},
      {o.callers, "--callers"},
      {o.always_pid, "--always-show-pid"},
      {o.text.numbers, "-n"},
      {o.text.instruction_pointers, "-i"},
      {o.limits.descriptors.any(), "-y"},
      {o.text.dumps.any(), "-e read= or write="},
      {o.text.columns > 0, "-a"},
  };
  for (const auto& [given, name] : excluded) {
    if (given) return fail(fmt::format("-c and {} exclude each other", name), "-C prints calls and the summary");
  }
  return {};
}

/// JSON has neither colours nor rows that are left out.
Result<void> check_json(const Options& o) {
  if (o.color == Color::always) return fail("--json and --color=always exclude each other");
  if (o.audit && o.audit->all) return fail("--json and --all exclude each other", "JSON always shows everything");
  return {};
}

/// What prints single calls has no meaning for an audit; see also refuse_trace_options.
Result<void> check_audit(const Options& o) {
  const std::pair<bool, std::string_view> excluded[] = {
      {o.split, "-ff"},
      {!o.selection.wants_every_status(), "-e status="},
  };
  for (const auto& [given, name] : excluded) {
    if (given) return fail(fmt::format("audit: {} is an option of traces", name));
  }
  return {};
}

}  // namespace

Result<void> check_conflicts(const Options& o) {
  if (o.audit) {
    if (auto checked = check_audit(o); !checked) return checked;
  }
  if (auto checked = check_outputs(o); !checked) return checked;
  if (auto checked = check_subjects(o); !checked) return checked;
  if (auto checked = check_direct(o); !checked) return checked;
  if (o.json) {
    if (auto checked = check_json(o); !checked) return checked;
  }
  if (o.inline_syscalls) {
    if (auto checked = check_inline_syscalls(o); !checked) return checked;
    if (auto checked = check_inline_summary(o); !checked) return checked;
  }
  return o.summary.only ? check_summary_only(o) : Result<void>();
}

/// Options that an audit takes apart like a trace and has no use for: its help does not show them.
Result<void> refuse_trace_options(const CLI::App& app) {
  // Only those that were given; Option::count() is 1 for others too where they count (CLI11 from 2.2 on).
  for (const CLI::Option* option : app.parse_order()) {
    const std::vector<std::string> names = names_of(*option);
    const bool is_for_all = names.back() == "--version";
    if (!is_for_all && !shows(kAuditHelp, names))
      return fail(fmt::format("audit: {} is an option of traces", names.front()));
  }
  return {};
}

}  // namespace vdsotrace::cli
