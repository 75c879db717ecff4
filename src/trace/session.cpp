#include "trace/session.hpp"

#include <algorithm>
#include <csignal>

#include "base/clock.hpp"
#include "os/tracing/ptrace.hpp"

namespace vdsotrace {
namespace {

/// How long a child whose creator was killed may take until its first stop.
constexpr std::int64_t kLastOrphansNs = 10'000'000'000;

/// Of the signals that the kernel forces upon a program on our behalf.
LaunchSignals own_signal_state() {
  LaunchSignals state;
  sigset_t mask;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask);
  for (const int signal : {SIGTRAP, SIGSYS}) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (::sigismember(&mask, signal) == 1) state.blocked |= signal_bit(signal);
    if (action.sa_handler == SIG_IGN) state.ignored |= signal_bit(signal);
  }
  return state;
}

}  // namespace

Session::Session(const TaskOptions& options, const Needs& needs, ProbeEngine& engine, EventSink& sink,
                 StopSource& source, StopPolicy& policy)
    : reporter_(sink, needs.limits.processes.name),
      source_(source),
      program_(options.interruptible),
      tasks_(options, engine, reporter_),
      callers_(needs.callers, reporter_),
      locked_(tasks_, engine),
      orphans_(tasks_, engine),
      handler_(options, needs, engine, reporter_, policy, tasks_, orphans_, program_, callers_, locked_),
      world_(tasks_, engine, reporter_, source, handler_, orphans_, program_),
      attaching_(tasks_, engine, reporter_, handler_, world_),
      detaching_(tasks_, engine, reporter_, handler_, world_),
      idle_(tasks_, engine, reporter_, policy, callers_, locked_) {}

void Session::launch(SpawnedChild& child) {
  program_.begin(child.pid());
  tasks_.add_launching(child.pid(), own_signal_state());
  // The child sleeps in a read; this stop is where its system calls begin to be seen.
  ptrace::interrupt(child.pid());
  child.begin();
}

Result<Outcome> Session::run(SpawnedChild child) {
  launch(child);
  do {
    watch([this] { return tasks_.any_traced(); });
  } while (await_orphans());
  release_all();
  idle_.take_rest();
  if (program_.has_ended()) await_rest();
  if (program_.state() == Program::State::failed_to_launch) return tl::unexpected(child.failure());
  return program_.outcome();
}

Outcome Session::await_rest() {
  // A process that could not be cleaned or stopped cannot be detached.
  do {
    watch([this] { return !tasks_.empty(); });
  } while (await_orphans());
  idle_.take_rest();
  return program_.outcome();
}

Result<void> Session::seize(std::span<const pid_t> pids) {
  auto done = attaching_.seize(pids);
  if (!done) release_all();
  return done;
}

Result<Outcome> Session::run_attached(std::optional<std::int64_t> duration_ns, SpawnedChild* child) {
  if (attaching_.begin()) {
    if (child != nullptr) launch(*child);
    if (duration_ns) source_.set_deadline(monotonic_ns() + *duration_ns);
    do {
      watch([this] { return tasks_.any_traced(); });
      source_.set_deadline(std::nullopt);
    } while (await_orphans());
  }
  release_all();
  // A process that could not be cleaned cannot be detached. The kernel detaches the others when we end.
  watch([this] { return tasks_.any_patched(); });
  idle_.finish();
  if (program_.state() == Program::State::failed_to_launch) return tl::unexpected(child->failure());
  return program_.outcome();
}

void Session::watch(const std::function<bool()>& more) {
  const auto before_sleep = [this] { return work_before_sleep(); };
  while (more()) {
    if (!handler_.delays().empty()) handler_.end_delays(monotonic_ns());
    const WaitResult result = source_.next(before_sleep);
    if (const auto* stop = std::get_if<TraceeStop>(&result)) {
      on_stop(*stop);
      if (program_.end_ends_trace()) return;
    } else if (const auto* signal = std::get_if<OwnSignal>(&result)) {
      if (program_.ends_trace(*signal, world_.is_detaching())) return;
    } else {
      return;
    }
  }
}

void Session::on_stop(const TraceeStop& stop) {
  if (Thread* thread = handler_.thread_of(stop)) handler_.handle(*thread, stop.status);
  handle_claimed();
}

/// Stops that came before the thread was known.
void Session::handle_claimed() {
  while (const auto claimed = orphans_.take_claimed()) {
    if (Thread* thread = tasks_.find(claimed->tid)) handler_.handle(*thread, claimed->status);
  }
}

std::optional<std::int64_t> Session::work_before_sleep() {
  const std::int64_t now = monotonic_ns();
  handler_.end_delays(now);
  claim_orphans();
  const auto until_orphans = orphans_.until_due(now);
  auto pause = idle_.run(now);
  for (const auto& until : {until_orphans, handler_.delays().until_due(now)}) {
    if (until) pause = std::min(pause.value_or(*until), *until);
  }
  return pause;
}

/// One by one: an orphan that has just become known may have made the next.
void Session::claim_orphans() {
  for (const pid_t tid : orphans_.due(false)) {
    Thread* child = orphans_.claim_orphan(tid, false);
    const bool alone = child != nullptr && child->space.use_count() == 1;
    if (alone && world_.is_detaching()) child->role = Thread::Role::released;
    handle_claimed();
  }
}

/// All known tasks have ended. One that was killed may have left a child that only now comes to its first stop. True if
/// one was found that is to be observed.
bool Session::await_orphans() {
  if (!tasks_.empty() || !ptrace::any_tracee()) return false;
  source_.set_deadline(monotonic_ns() + kLastOrphansNs);
  watch([this] { return tasks_.empty() && ptrace::any_tracee(); });
  source_.set_deadline(std::nullopt);
  return !tasks_.empty();
}

void Session::release_all() { detaching_.detach_all(); }

void Session::undo_patches() { detaching_.undo_patches(); }

}  // namespace vdsotrace
