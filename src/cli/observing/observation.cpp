#include "cli/observing/observation.hpp"

#include <fmt/core.h>
#include <sched.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

#include "arch/stub_layout.h"
#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/figures.hpp"
#include "cli/options/direct_option.hpp"
#include "engines/make_engine.hpp"
#include "engines/perf/session.hpp"
#include "os/proc/run_time.hpp"
#include "os/procfs.hpp"
#include "os/tracing/spawn.hpp"
#include "os/tracing/waiter.hpp"
#include "sinks/notice_sink.hpp"
#include "symbols/runtimes.hpp"
#include "trace/clocksource_watch.hpp"
#include "trace/session.hpp"

namespace vdsotrace::cli {
namespace {

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

/// A program that is not our child is attached to; as strace, this says so where the trace is on standard error.
bool says_attached(const Options& o) {
  return o.daemonize != Daemonize::no && o.output.empty() && !o.json && o.quiet == 0;
}

/// A failed CHECK does not leave our patches in processes that live on.
class AbortGuard {
 public:
  explicit AbortGuard(std::function<void()> undo) { set_abort_hook(std::move(undo)); }
  ~AbortGuard() { set_abort_hook({}); }
  AbortGuard(const AbortGuard&) = delete;
  AbortGuard& operator=(const AbortGuard&) = delete;
};

std::unique_ptr<ProbeEngine> make_probes(const Options& options, const Needs& needs, EventSink& sink) {
  const Origin origin = options.attach.empty() ? Origin::spawned : Origin::attached;
  auto engine = make_engine(options.engine, origin, needs, sink);
  return needs.inline_calls ? count_calls_inline(std::move(engine), origin, needs, sink) : std::move(engine);
}

/// Observing by ptrace.
struct Tracing final : Observer {
  Tracing(const Options& options, const Needs& needs, EventSink& sink, OwnSignals& signals)
      : waiter(signals),
        probes(make_probes(options, needs, sink)),
        tasks{options.follow, options.hide_vdso, options.detach_on_exec, options.interruptible},
        policy(needs, *probes, options.attach.empty() && !options.detach_on_exec),
        session(tasks, needs, *probes, sink, waiter, policy),
        guard([this] { session.undo_patches(); }) {
    if (needs.kernel_times && !run_times_are_known()) waiter.ask_kernel_times();
  }

  Result<void> attach(std::span<const pid_t> pids) override { return session.seize(pids); }
  void run(std::optional<std::int64_t> duration_ns) override { (void)session.run_attached(duration_ns); }
  void release() override { session.release_all(); }
  std::string_view engine() const override { return probes->name(); }
  std::uint64_t stops() const override { return waiter.stops(); }

  Waiter waiter;
  std::unique_ptr<ProbeEngine> probes;
  TaskOptions tasks;
  StopPolicy policy;
  Session session;
  AbortGuard guard;
};

bool shows_distributions(const Options& o) {
  if (o.audit) return false;
  return o.json ? o.durations.has_value() : o.summary.any() && need_durations(o.summary.columns);
}

/// What stacks lack, where they are not those of threads that stop.
std::optional<Notice> stack_notice(const Options& o, const Needs& needs, std::string_view engine) {
  if (!o.stacks) return std::nullopt;
  if (engine == "inline" && needs.inline_calls)
    return Notice{fmt::format(
        "-k: of a system call that does not stop {} bytes of the stack are noted, of a call through the vDSO only the "
        "caller (--syscalls=stops notes whole stacks)",
        grouped(KEPT_STACK_BYTES))};
  if (engine == "inline")
    return Notice{
        "-k: of a call through the vDSO only the caller is noted (--engine=breakpoint notes whole stacks, and stops "
        "at each call)"};
  if (engine == "perf")
    return Notice{"-k: stacks of calls through the vDSO reach as far as a sample of 2,048 bytes does"};
  return std::nullopt;
}

/// An audit's text has no room for them.
std::optional<Notice> unshown_stacks_notice(const Options& o) {
  const bool shown = !o.audit || o.json || !o.audit->html.empty() || !o.audit->folded.empty() ||
                     !o.audit->pprof.empty();
  if (!o.stacks || shown) return std::nullopt;
  return Notice{"-k: this report names callers only; --json, --html, --folded and --pprof have whole stacks"};
}

/// The perf engine needs no ptrace for processes that run already.
bool needs_no_ptrace(const Options& options) { return options.engine == "perf" && !options.attach.empty(); }

}  // namespace

struct Observation::Wiring {
  Wiring(const Options& options, Needs asked)
      : needs(std::move(asked)),
        explainer(options.hide_vdso),
        pipeline(needs.selection, totals, explainer),
        clocksource(pipeline) {
    totals.time().take_off(options.summary.overhead_ns);
    if (needs.inline_calls && !options.summary.wall_clock && !options.json) totals.time().leave_out();
    if (shows_distributions(options)) totals.rows().keep_durations();
    if (needs_no_ptrace(options)) {
      observer = std::make_unique<PerfSession>(needs, clocksource, signals);
    } else {
      auto made = std::make_unique<Tracing>(options, needs, clocksource, signals);
      tracing = made.get();
      observer = std::move(made);
    }
  }

  Needs needs;
  Aggregate totals;
  Explainer explainer;
  Pipeline pipeline;
  ClocksourceWatch clocksource;
  OwnSignals signals;
  std::unique_ptr<Observer> observer;
  Tracing* tracing = nullptr;  ///< the observer, if it can start programs
};

Observation::Observation(const Options& options, Needs needs, Streams streams) : options_(options), streams_(streams) {
  if (options.pin) pin_to_current_processor();
  add_runtimes(options.runtimes);
  needs.direct_calls = direct_calls_by(options, needs);
  needs.filter = options.direct != Direct::stops;
  wiring_ = std::make_unique<Wiring>(options, std::move(needs));
}

Observation::~Observation() = default;

Pipeline& Observation::pipeline() { return wiring_->pipeline; }
const Aggregate& Observation::totals() const { return wiring_->totals; }
const Explainer& Observation::explainer() const { return wiring_->explainer; }
std::uint64_t Observation::stops() const { return wiring_->observer->stops(); }
std::string_view Observation::engine() const { return wiring_->observer->engine(); }

Result<std::optional<ProgramEnd>> Observation::run(const std::function<Result<void>()>& begin) {
  for (const auto& usable : {vdsotrace::check_engine(options_.engine), check_direct_usable(options_)}) {
    if (!usable) return tl::unexpected(usable.error());
  }
  if (options_.ignores_terminal_stop) wiring_->signals.ignore(SIGTSTP);
  return options_.program.empty() ? run_attached(begin) : run_program(begin);
}

Result<std::optional<ProgramEnd>> Observation::run_attached(const std::function<Result<void>()>& begin) {
  Observer& observer = *wiring_->observer;
  if (auto attached = observer.attach(options_.attach); !attached) return tl::unexpected(attached.error());
  if (auto begun = begin(); !begun) {
    observer.release();
    return tl::unexpected(begun.error());
  }
  report_limits();
  observer.run(duration_of(options_));
  return std::nullopt;
}

void Observation::report_limits() {
  for (const auto& notice : {direct_notice(options_, wiring_->needs), stack_notice(options_, wiring_->needs, engine()),
                             unshown_stacks_notice(options_)}) {
    if (notice) wiring_->clocksource.accept({0, realtime_ns(), 0, 0, Notice(*notice)});
  }
}

Result<std::optional<ProgramEnd>> Observation::run_program(const std::function<Result<void>()>& begin) {
  Tracing& tracing = *wiring_->tracing;
  auto child = SpawnedChild::start(
      {options_.program, options_.environment, options_.user, tracing.policy.filter(), options_.daemonize},
      wiring_->signals);
  if (!child) return tl::unexpected(child.error());
  if (auto attached = tracing.attach(options_.attach); !attached) return tl::unexpected(attached.error());
  // Only now: a program that cannot be run leaves no empty output behind.
  if (auto begun = begin(); !begun) return tl::unexpected(begun.error());
  report_limits();
  if (says_attached(options_))
    Output::standard_error()->write(fmt::format("vdsotrace: Process {} attached\n", child->pid()));
  const Needs& needs = wiring_->needs;
  if ((needs.callers || needs.stacks) && !procfs::trusted())
    wiring_->clocksource.accept({0, realtime_ns(), child->pid(), child->pid(),
                                 Notice{fmt::format("callers cannot be named ({})", procfs::why_not_trusted())}});
  if (streams_ == Streams::release) standard_streams_.release();
  const auto duration = duration_of(options_);
  if (duration && options_.attach.empty()) tracing.waiter.set_deadline(monotonic_ns() + *duration);
  auto outcome = options_.attach.empty() ? tracing.session.run(std::move(*child))
                                         : tracing.session.run_attached(duration, &*child);
  if (!outcome) return tl::unexpected(outcome.error());
  return ProgramEnd{outcome->signaled, outcome->code};
}

std::optional<ProgramEnd> Observation::await_rest(const std::optional<ProgramEnd>& end) {
  if (!end || wiring_->tracing == nullptr || !options_.attach.empty() || !wiring_->tracing->session.holds_any())
    return end;
  if (!options_.json || !options_.output.empty())
    Output::standard_error()->write(
        "vdsotrace: the program cannot be detached (it is under our filter): waiting for its end\n");
  const Outcome outcome = wiring_->tracing->session.await_rest();
  return ProgramEnd{outcome.signaled, outcome.code};
}

int exit_as(const std::optional<ProgramEnd>& end) {
  if (!end) return EXIT_SUCCESS;
  if (!end->signaled) return end->code;
  die_of(end->code);
  return 128 + end->code;
}

Result<std::shared_ptr<Output>> open_output(const Options& o) {
  if (o.output.empty() || o.split) return Output::standard_error();
  if (o.output == "-") return Output::standard_output();
  if (o.output.starts_with('|') || o.output.starts_with('!')) return Output::command(o.output.substr(1));
  return Output::file(o.output, o.append);
}

void add_notices(Pipeline& pipeline, const Options& o, const Output& output) {
  if (o.split || !output.is_standard_error())
    pipeline.add(std::make_unique<NoticeSink>(Output::standard_error(), o.quiet));
}

void report_lost(const Options& o, const Output& output, const Aggregate& totals) {
  // Among lines of JSON there is nothing else.
  if (totals.lost() == 0 || (o.json && output.is_standard_error())) return;
  Output::standard_error()->write(fmt::format("vdsotrace: {} calls could not be recorded\n", totals.lost()));
}

}  // namespace vdsotrace::cli
