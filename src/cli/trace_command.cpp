#include "cli/trace_command.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <csignal>
#include <cstdlib>
#include <functional>

#include "base/check.hpp"
#include "engines/make_engine.hpp"
#include "os/clock.hpp"
#include "os/proc.hpp"
#include "os/spawn.hpp"
#include "os/waiter.hpp"
#include "pipeline/pipeline.hpp"
#include "sinks/json_lines.hpp"
#include "sinks/split.hpp"
#include "sinks/summary.hpp"
#include "sinks/text.hpp"

namespace vdsotrace::cli {
namespace {

Needs needs_of(const Options& o) {
  Needs needs;
  needs.each_call = !o.summary_only;
  needs.entries = !o.summary_only && !o.json;
  needs.values = !o.summary_only;
  needs.durations = o.durations || o.json || o.summary_only || o.summary_too;
  needs.vdso_durations = o.durations || o.json;
  needs.steps = o.steps;
  needs.string_limit = o.string_limit;
  needs.selection = o.selection;
  return needs;
}

Result<std::shared_ptr<Output>> open_output(const Options& o) {
  if (o.output.empty() || o.split) return Output::standard_error();
  if (o.output.starts_with('|') || o.output.starts_with('!')) return Output::command(o.output.substr(1));
  return Output::file(o.output, o.append);
}

bool wants_color(Color color, const Output& output) {
  const char* refused = std::getenv("NO_COLOR");
  if (color == Color::automatic) return output.is_terminal() && (refused == nullptr || *refused == '\0');
  return color == Color::always;
}

TextOptions text_options(const Options& o, const Output& output) {
  TextOptions text;
  text.stamps = o.stamps;
  text.durations = o.durations;
  text.color = wants_color(o.color, output);
  text.quiet = o.quiet;
  text.limits.string = o.string_limit;
  return text;
}

RunFacts run_facts(const Options& o, std::string_view engine) {
  utsname system{};
  ::uname(&system);
  return {VDSOTRACE_VERSION, o.program, std::string(engine), system.machine, system.release,
          proc::first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource")};
}

void add_sinks(Pipeline& pipeline, const Options& o, const std::shared_ptr<Output>& output, const Aggregate& totals,
               std::string_view engine) {
  const DecodeLimits limits{o.string_limit};
  if (o.json) {
    pipeline.add(std::make_unique<JsonLinesSink>(output, totals, run_facts(o, engine), limits, o.summary_only));
    return;
  }
  const TextOptions text = text_options(o, *output);
  if (o.split) {
    pipeline.add(std::make_unique<SplitSink>(o.output, o.append, text));
  } else if (!o.summary_only) {
    pipeline.add(std::make_unique<TextSink>(output, text));
  }
  if (o.summary_only || o.summary_too)
    pipeline.add(std::make_unique<SummarySink>(output, totals, o.sort, std::string(engine)));
  if (o.quiet == 0) pipeline.add(std::make_unique<ClosingLineSink>(output, totals));
}

/// --pin: the processor that we are on is the one for all.
void pin_to_current_processor() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

/// The caller shall see what the program died of; a second core dump is no use.
void die_of(int signal) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::signal(signal, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
}

std::optional<std::int64_t> duration_of(const Options& o) {
  if (o.duration <= 0) return std::nullopt;
  return static_cast<std::int64_t>(o.duration * 1e9);
}

Result<void> finish(Pipeline& pipeline, Output& output) {
  auto finished = pipeline.finish();
  auto closed = output.close();
  return closed ? finished : closed;
}

/// A failed CHECK does not leave our patches in processes that live on.
class AbortGuard {
 public:
  explicit AbortGuard(std::function<void()> undo) { set_abort_hook(std::move(undo)); }
  ~AbortGuard() { set_abort_hook({}); }
  AbortGuard(const AbortGuard&) = delete;
  AbortGuard& operator=(const AbortGuard&) = delete;
};

/// Everything between the options and the outputs.
struct Wiring {
  explicit Wiring(const Options& options)
      : needs(needs_of(options)),
        pipeline(needs.selection, totals),
        waiter(signals),
        engine(make_engine(options.engine, options.attach.empty() ? Origin::spawned : Origin::attached, needs, pipeline)),
        family{options.follow, options.hide_vdso},
        policy(needs, *engine, options.attach.empty()),
        session(family, needs, *engine, pipeline, waiter, policy),
        guard([this] { session.undo_patches(); }) {}

  Needs needs;
  Aggregate totals;
  Pipeline pipeline;
  OwnSignals signals;
  Waiter waiter;
  std::unique_ptr<ProbeEngine> engine;
  FamilyOptions family;
  StopPolicy policy;
  Session session;
  AbortGuard guard;
};

Result<int> trace_running(Wiring& wiring, const Options& options) {
  if (auto seized = wiring.session.seize(options.attach); !seized) return tl::unexpected(seized.error());
  auto output = open_output(options);
  if (!output) {
    wiring.session.release_all();
    return tl::unexpected(output.error());
  }
  add_sinks(wiring.pipeline, options, *output, wiring.totals, wiring.engine->name());
  wiring.session.run_attached(duration_of(options));
  if (auto finished = finish(wiring.pipeline, **output); !finished) return tl::unexpected(finished.error());
  return EXIT_SUCCESS;
}

Result<int> trace_program(Wiring& wiring, const Options& options) {
  auto child = SpawnedChild::start({options.program, options.environment, options.user, wiring.policy.filter()},
                                   wiring.signals);
  if (!child) return tl::unexpected(child.error());
  // Only now: a program that cannot be run leaves no empty trace behind.
  auto output = open_output(options);
  if (!output) return tl::unexpected(output.error());
  add_sinks(wiring.pipeline, options, *output, wiring.totals, wiring.engine->name());
  if (const auto duration = duration_of(options)) wiring.waiter.set_deadline(monotonic_ns() + *duration);

  auto outcome = wiring.session.run(std::move(*child));
  if (!outcome) return tl::unexpected(outcome.error());
  if (auto finished = finish(wiring.pipeline, **output); !finished) return tl::unexpected(finished.error());
  return pass_on(*outcome);
}

}  // namespace

int pass_on(const Outcome& outcome) {
  if (!outcome.signaled) return outcome.code;
  die_of(outcome.code);
  return 128 + outcome.code;
}

Result<Observed> observe_program(const Options& options, std::unique_ptr<Sink> sink) {
  Wiring wiring(options);
  auto child = SpawnedChild::start({options.program, options.environment, options.user, wiring.policy.filter()},
                                   wiring.signals);
  if (!child) return tl::unexpected(child.error());
  wiring.pipeline.add(std::move(sink));
  auto outcome = wiring.session.run(std::move(*child));
  if (!outcome) return tl::unexpected(outcome.error());
  if (auto finished = wiring.pipeline.finish(); !finished) return tl::unexpected(finished.error());
  return Observed{*outcome, std::string(wiring.engine->name())};
}

Result<int> run_trace(const Options& options) {
  if (options.pin) pin_to_current_processor();
  Wiring wiring(options);
  return options.attach.empty() ? trace_program(wiring, options) : trace_running(wiring, options);
}

}  // namespace vdsotrace::cli
