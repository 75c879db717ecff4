#include "cli/observation.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

#include "base/check.hpp"
#include "engines/make_engine.hpp"
#include "os/clock.hpp"
#include "os/spawn.hpp"
#include "os/waiter.hpp"
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

/// A failed CHECK does not leave our patches in processes that live on.
class AbortGuard {
 public:
  explicit AbortGuard(std::function<void()> undo) { set_abort_hook(std::move(undo)); }
  ~AbortGuard() { set_abort_hook({}); }
  AbortGuard(const AbortGuard&) = delete;
  AbortGuard& operator=(const AbortGuard&) = delete;
};

}  // namespace

struct Observation::Wiring {
  Wiring(const Options& options, Needs asked)
      : needs(std::move(asked)),
        explainer(options.hide_vdso),
        pipeline(needs.selection, totals, explainer),
        clocksource(pipeline),
        waiter(signals),
        engine(make_engine(options.engine, options.attach.empty() ? Origin::spawned : Origin::attached, needs, clocksource)),
        family{options.follow, options.hide_vdso},
        policy(needs, *engine, options.attach.empty()),
        session(family, needs, *engine, clocksource, waiter, policy),
        guard([this] { session.undo_patches(); }) {}

  Needs needs;
  Aggregate totals;
  Explainer explainer;
  Pipeline pipeline;
  ClocksourceWatch clocksource;
  OwnSignals signals;
  Waiter waiter;
  std::unique_ptr<ProbeEngine> engine;
  FamilyOptions family;
  StopPolicy policy;
  Session session;
  AbortGuard guard;
};

Observation::Observation(const Options& options, Needs needs) : options_(options) {
  if (options.pin) pin_to_current_processor();
  wiring_ = std::make_unique<Wiring>(options, std::move(needs));
}

Observation::~Observation() = default;

Pipeline& Observation::pipeline() { return wiring_->pipeline; }
const Aggregate& Observation::totals() const { return wiring_->totals; }
const Explainer& Observation::explainer() const { return wiring_->explainer; }
std::string_view Observation::engine() const { return wiring_->engine->name(); }

Result<std::optional<ProgramEnd>> Observation::run(const std::function<Result<void>()>& begin) {
  return options_.attach.empty() ? run_program(begin) : run_attached(begin);
}

Result<std::optional<ProgramEnd>> Observation::run_attached(const std::function<Result<void>()>& begin) {
  if (auto seized = wiring_->session.seize(options_.attach); !seized) return tl::unexpected(seized.error());
  if (auto begun = begin(); !begun) {
    wiring_->session.release_all();
    return tl::unexpected(begun.error());
  }
  wiring_->session.run_attached(duration_of(options_));
  return std::nullopt;
}

Result<std::optional<ProgramEnd>> Observation::run_program(const std::function<Result<void>()>& begin) {
  auto child = SpawnedChild::start({options_.program, options_.environment, options_.user, wiring_->policy.filter()},
                                   wiring_->signals);
  if (!child) return tl::unexpected(child.error());
  // Only now: a program that cannot be run leaves no empty output behind.
  if (auto begun = begin(); !begun) return tl::unexpected(begun.error());
  if (const auto duration = duration_of(options_)) wiring_->waiter.set_deadline(monotonic_ns() + *duration);
  auto outcome = wiring_->session.run(std::move(*child));
  if (!outcome) return tl::unexpected(outcome.error());
  return ProgramEnd{outcome->signaled, outcome->code};
}

int exit_as(const std::optional<ProgramEnd>& end) {
  if (!end) return EXIT_SUCCESS;
  if (!end->signaled) return end->code;
  die_of(end->code);
  return 128 + end->code;
}

Result<std::shared_ptr<Output>> open_output(const Options& o) {
  if (o.output.empty() || o.split) return Output::standard_error();
  if (o.output.starts_with('|') || o.output.starts_with('!')) return Output::command(o.output.substr(1));
  return Output::file(o.output, o.append);
}

bool wants_color(const Options& o, const Output& output) {
  const char* refused = std::getenv("NO_COLOR");
  if (o.color == Color::automatic) return output.is_terminal() && (refused == nullptr || *refused == '\0');
  return o.color == Color::always;
}

}  // namespace vdsotrace::cli
