#include "cli/commands/trace_command.hpp"

#include <sys/utsname.h>

#include <fmt/core.h>

#include <filesystem>

#include "base/escape.hpp"
#include "cli/commands/document_head.hpp"
#include "cli/observing/observation.hpp"
#include "os/machine/clocksource.hpp"
#include "sinks/attachments.hpp"
#include "sinks/json_lines.hpp"
#include "sinks/notice_sink.hpp"
#include "sinks/split.hpp"
#include "sinks/summary.hpp"
#include "sinks/text.hpp"
#include "trace/calls/stop_policy.hpp"

namespace vdsotrace::cli {
namespace {

/// With what they lead to, as descriptors are known by that. Each such path is said, as strace says it.
std::vector<std::string> with_resolved(const std::vector<std::string>& paths, bool quiet) {
  std::vector<std::string> all = paths;
  for (const std::string& path : paths) {
    std::error_code failed;
    const std::string resolved = std::filesystem::canonical(path, failed).string();
    if (failed || resolved == path) continue;
    all.push_back(resolved);
    if (!quiet)
      Output::standard_error()->write(
          fmt::format("vdsotrace: Requested path \"{}\" resolved into \"{}\"\n", escaped(path), escaped(resolved)));
  }
  return all;
}

/// Where only calls are wanted that the vDSO offers, too, these stop, and no others.
bool observes_inline(const Options& o) { return o.inline_syscalls && wants_ordinary_calls(o.selection); }

/// Calls that do not stop are timed one by one, by the wall clock.
void need_no_stops(const Options& o, Needs& needs) {
  needs.inline_calls = true;
  needs.kernel_times = false;
  if (o.summary.only) needs.each_call = needs.durations = o.summary.wall_clock;
}

Needs trace_needs(const Options& o) {
  Needs needs;
  needs.each_call = !o.summary.only;
  const bool shows_running = o.selection.wants_every_status() || o.selection.wants_status(Status::detached);
  needs.entries = !o.summary.only && !o.json && shows_running;
  needs.values = !o.summary.only;
  needs.durations = o.durations.has_value() || o.json || o.summary.any();
  needs.kernel_times = o.summary.any() && !o.summary.wall_clock && !o.json;
  needs.vdso_durations = o.durations.has_value() || o.json;
  needs.steps = o.steps;
  needs.children = o.follow;
  needs.callers = o.callers && !o.summary.only;
  if (observes_inline(o)) need_no_stops(o, needs);
  needs.stacks = o.stacks && !o.summary.only;
  needs.instruction_pointers = o.text.instruction_pointers;
  needs.paths = with_resolved(o.paths, o.quieted.path_resolution);
  needs.limits = o.limits;
  if (!o.summary.only && !o.json) needs.dumps = o.text.dumps;
  needs.injections = o.injections.get();
  needs.selection = o.selection;
  return needs;
}

TextOptions text_options(const Options& o, const Output& output) {
  TextOptions text = o.text;
  text.limits = o.limits;
  text.durations = o.durations;
  using Threads = TextOptions::Threads;
  if (o.always_pid) text.threads = o.output.empty() ? Threads::bracketed : Threads::bare;
  text.color = wants_color(o.color, output);
  text.quiet = o.quiet;
  text.hides_exits = o.quieted.exit;
  text.hides_superseded = o.quieted.thread_execve;
  text.attachments = o.output.empty();
  text.children = o.follow;
  return text;
}

RunFacts run_facts(const Options& o, std::string_view engine) {
  utsname system{};
  ::uname(&system);
  return {document_head(),
          o.program,
          std::string(engine),
          system.machine,
          system.release,
          current_clocksource(),
          observes_inline(o) ? "inline" : "stops"};
}

void add_sinks(Pipeline& pipeline, const Options& o, const std::shared_ptr<Output>& output, const Aggregate& totals,
               std::string_view engine) {
  add_notices(pipeline, o, *output);
  if (o.json) {
    pipeline.add(std::make_unique<JsonLinesSink>(output, totals, run_facts(o, engine), o.limits, o.summary.only));
    return;
  }
  const TextOptions text = text_options(o, *output);
  // As strace, which with -o and a program says nothing of it.
  if (!o.output.empty() && o.program.empty() && !o.summary.only && o.quiet == 0)
    pipeline.add(std::make_unique<AttachmentSink>(Output::standard_error()));
  if (o.split) {
    pipeline.add(std::make_unique<SplitSink>(o.output, o.append, text));
  } else if (!o.summary.only) {
    pipeline.add(std::make_unique<TextSink>(output, text));
  } else {
    pipeline.add(std::make_unique<NoticeSink>(output, o.quiet));
  }
  if (o.summary.any())
    pipeline.add(std::make_unique<SummarySink>(output, totals, o.summary.sort, std::string(engine), o.summary.columns,
                                               wants_color(o.color, *output)));
  if (o.quiet == 0) pipeline.add(std::make_unique<ClosingLineSink>(output, totals));
}

Result<void> finish(Pipeline& pipeline, Output& output) {
  auto finished = pipeline.finish();
  auto closed = output.close();
  return closed ? finished : closed;
}

}  // namespace

Result<int> run_trace(const Options& options) {
  Observation observation(options, trace_needs(options));
  std::shared_ptr<Output> output;
  const auto end = observation.run([&]() -> Result<void> {
    auto opened = open_output(options);
    if (!opened) return tl::unexpected(opened.error());
    output = std::move(*opened);
    add_sinks(observation.pipeline(), options, output, observation.totals(), observation.engine());
    return {};
  });
  if (!end) return tl::unexpected(end.error());
  const auto finished = finish(observation.pipeline(), *output);
  report_lost(options, *output, observation.totals());
  const auto last = observation.await_rest(*end);
  if (!finished) return tl::unexpected(finished.error());
  return exit_as(last);
}

}  // namespace vdsotrace::cli
