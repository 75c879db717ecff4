#include "cli/commands/audit_command.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <limits>
#include <set>

#include "audit/forbidden.hpp"
#include "audit/tally_sink.hpp"
#include "base/clock.hpp"
#include "base/escape.hpp"
#include "cli/commands/document_head.hpp"
#include "cli/observing/added_costs.hpp"
#include "cli/observing/observation.hpp"
#include "cli/observing/own_vdso.hpp"
#include "cli/observing/price_list.hpp"
#include "os/machine/clocksource.hpp"
#include "os/proc/pid_namespace.hpp"
#include "os/proc/proc.hpp"
#include "output/replaced_file.hpp"
#include "reports/audit.hpp"
#include "reports/metrics.hpp"
#include "sinks/chrome_trace.hpp"
#include "sinks/progress_line.hpp"

namespace vdsotrace::cli {
namespace {

constexpr int kForbiddenRoute = 3;  // docs/formats.md, section 6

bool shows_progress() { return ::isatty(STDERR_FILENO) == 1; }

/// What is asked does not hang on which reports are written. Only a trace of each call takes a record of each call, and
/// shows how long it took; the audit makes no use of that (AuditTally).
Needs audit_needs(const Options& o) {
  const bool traces = !o.audit->chrome_trace.empty();
  Needs needs;
  needs.each_call = traces || o.stacks;
  needs.entries = false;
  needs.values = false;
  needs.vdso_durations = o.durations || traces;
  needs.durations = needs.vdso_durations;
  needs.callers = true;
  needs.stacks = o.stacks;
  needs.progress = true;
  needs.children = o.follow;
  needs.selection = o.selection;
  return needs;
}

/// Of the programs that we started and that have ended, or of those that run. Nothing if one of these has ended: what
/// it used is not known any more.
std::optional<std::int64_t> cpu_time_ns(const std::vector<pid_t>& attached) {
  std::int64_t sum = 0;
  for (const pid_t pid : attached) {
    const auto used = proc::cpu_time_ns(pid);
    if (!used) return std::nullopt;
    sum += *used;
  }
  if (!attached.empty()) return sum;
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
}

/// While they run.
std::vector<std::int32_t> pids_inside(const std::vector<pid_t>& attached) {
  std::vector<std::int32_t> inside;
  inside.reserve(attached.size());
  for (const pid_t pid : attached) inside.push_back(other_pid_inside(pid));
  return inside;
}

/// While they run.
std::vector<std::vector<std::string>> command_lines(const std::vector<pid_t>& attached) {
  std::vector<std::vector<std::string>> lines;
  lines.reserve(attached.size());
  for (const pid_t pid : attached) lines.push_back(proc::command_line(pid));
  return lines;
}

std::optional<std::int64_t> coarse_resolution() {
  timespec resolution{};
  if (::clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) != 0) return std::nullopt;
  return std::int64_t{resolution.tv_sec} * 1'000'000'000 + resolution.tv_nsec;
}

/// Of this machine's own vDSO; that of 32-bit programs is compiled from the same functions.
std::set<std::string> calls_without_fallback() {
  std::set<std::string> calls;
  const auto vdso = own_vdso();
  if (!vdso) return calls;
  for (const VdsoFunction& function : vdso->image.functions()) {
    const VdsoService* service = service_for(function);
    if (service != nullptr && function.incomplete.empty() && function.syscalls.empty()) calls.emplace(service->syscall);
  }
  return calls;
}

/// Completes what was known before the run.
AuditedRun run_facts(const Options& o, std::string_view engine, AuditedRun run) {
  utsname system{};
  ::uname(&system);
  run.head = document_head();
  run.command = o.program;
  run.pids.assign(o.attach.begin(), o.attach.end());
  run.engine = engine;
  run.kernel = system.release;
  run.threshold = o.audit->threshold;
  run.available_clocksources = available_clocksources();
  run.without_fallback = calls_without_fallback();
  run.coarse_resolution_ns = coarse_resolution();
  return run;
}

/// What was added to the processor time of what was observed.
std::optional<AddedCosts> added_costs(const Options& o, const Observation& observation, const AuditTally& tally) {
  AddedCosts added;
  added.stops = observation.stops();
  for (const auto& [key, entry] : tally.entries()) {
    const bool through_vdso = key.route != Route::syscall && key.route != Route::vsyscall;
    if (through_vdso && observes_without_stops(observation.engine())) added.calls += entry.total.count;
  }
  if (added.calls == 0 && added.stops == 0) return added;
  Needs needs = audit_needs(o);
  const std::string every_call[] = {"trace=%vdso"};
  needs.selection = *Selection::parse(every_call);
  const auto prices = added_prices(observation.engine(), needs);
  if (!prices) return std::nullopt;
  added.call_ns = prices->call_ns;
  added.stop_ns = prices->stop_ns;
  if (o.durations) added.stamps_ns = prices->stamps_ns;
  return added;
}

/// What was called, and what could be called in its place.
Prices prices_for(const AuditTally& tally) {
  std::set<PricedCall> calls{{"clock_gettime", "CLOCK_MONOTONIC"},
                             {"clock_gettime", "CLOCK_MONOTONIC_COARSE"},
                             {"clock_gettime", "CLOCK_REALTIME_COARSE"}};
  for (const auto& [key, entry] : tally.entries()) calls.insert({key.name, key.clock});
  return price_list(calls);
}

Result<void> write_file(const std::string& path, const std::string& text) {
  auto file = Output::file(path, false);
  if (!file) return tl::unexpected(file.error());
  (*file)->write(text);
  return (*file)->close();
}

Result<void> write_reports(const Options& o, const Audit& audit, Output& output) {
  AuditTextOptions text;
  text.style = style_for(o.color, output);
  text.all_advice = o.audit->all;
  text.seccomp = o.audit->seccomp;
  if (o.audit->all) text.most_callers = text.most_findings = std::numeric_limits<std::size_t>::max();
  output.write(o.json ? audit_json(audit) : audit_text(audit, text));
  Result<void> done = output.close();
  const auto also = [&](const std::string& path, std::string (*make)(const Audit&)) {
    if (path.empty()) return;
    if (auto written = write_file(path, make(audit)); !written && done) done = written;
  };
  also(o.audit->html, audit_html);
  also(o.audit->folded, audit_folded);
  also(o.audit->pprof, audit_pprof);
  if (!o.audit->metrics.empty()) {
    if (auto written = replace_file(o.audit->metrics, audit_metrics(audit)); !written && done) done = written;
  }
  return done;
}

/// Names the calls that went where they must not, or may have gone there. Whether there were any.
bool report_forbidden(const Options& o, const Audit& audit) {
  const std::vector<std::string> offenders = forbidden_calls(audit, o.audit->fail_on);
  for (const std::string& line : offenders) std::fputs(fmt::format("vdsotrace: {}\n", escaped(line)).c_str(), stderr);
  return !offenders.empty();
}

/// Programs whose calls could not be distinguished may have made some that went where they must not. Whether there were
/// any.
bool report_unjudged(const Options& o, const AuditTally& tally) {
  if (o.audit->fail_on.rules.empty() || tally.unjudged_programs() == 0) return false;
  std::fputs(
      fmt::format(
          "vdsotrace: {} {} executed whose vDSO could not be found: which routes their calls took is not known\n",
          tally.unjudged_programs(), tally.unjudged_programs() == 1 ? "program was" : "programs were")
          .c_str(),
      stderr);
  return true;
}

/// Files are made before the program runs: one that cannot be written is an error then, not an hour later.
Result<void> check_audit_files(const AuditOptions& audit) {
  for (const std::string& path : {audit.html, audit.folded, audit.pprof}) {
    if (path.empty()) continue;
    if (auto made = write_file(path, ""); !made) return made;
  }
  return audit.metrics.empty() ? Result<void>() : check_replaceable(audit.metrics);
}

Result<void> add_sinks(Observation& observation, const Options& o, const Output& output, AuditTally& tally) {
  if (auto checked = check_audit_files(*o.audit); !checked) return checked;
  Pipeline& pipeline = observation.pipeline();
  add_notices(pipeline, o, output);
  pipeline.add(std::make_unique<TallySink>(tally));
  if (shows_progress()) {
    const auto terminal = Output::standard_error();
    pipeline.add(std::make_unique<ProgressLine>(terminal, observation.totals(), columns_of(*terminal)));
  }
  if (o.audit->chrome_trace.empty()) return {};
  auto trace = Output::file(o.audit->chrome_trace, false);
  if (!trace) return tl::unexpected(trace.error());
  pipeline.add(std::make_unique<ChromeTraceSink>(std::move(*trace), proc::command_name));
  return {};
}

}  // namespace

Result<int> run_audit(const Options& options) {
  Observation observation(options, audit_needs(options));
  AuditTally tally(observation.explainer(), options.durations.has_value());
  std::shared_ptr<Output> output;
  const auto cpu_before = cpu_time_ns(options.attach);
  AuditedRun before;
  before.pids_inside = pids_inside(options.attach);
  before.commands = command_lines(options.attach);
  for (const pid_t pid : options.attach) tally.name_program(pid, proc::command_name(pid));
  std::int64_t start = 0;
  const auto end = observation.run([&]() -> Result<void> {
    auto opened = open_output(options);
    if (!opened) return tl::unexpected(opened.error());
    output = std::move(*opened);
    start = monotonic_ns();
    return add_sinks(observation, options, *output, tally);
  });
  if (!end) return tl::unexpected(end.error());
  AuditedRun run = run_facts(options, observation.engine(), std::move(before));
  run.wall_ns = monotonic_ns() - start;
  const auto cpu_after = cpu_time_ns(options.attach);
  if (cpu_before && cpu_after) run.cpu_ns = std::max<std::int64_t>(0, *cpu_after - *cpu_before);
  auto written = observation.pipeline().finish();
  if (run.cpu_ns > 0) run.added = added_costs(options, observation, tally);
  const Audit audit = make_audit(tally, std::move(run), prices_for(tally));
  if (auto reports = write_reports(options, audit, *output); !reports && written) written = reports;
  report_lost(options, *output, observation.totals());
  const bool forbidden = report_forbidden(options, audit), unjudged = report_unjudged(options, tally);
  const auto last = observation.await_rest(*end);
  if (!written) return tl::unexpected(written.error());
  return forbidden || unjudged ? kForbiddenRoute : exit_as(last);
}

}  // namespace vdsotrace::cli
