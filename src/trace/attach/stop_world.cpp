#include "trace/attach/stop_world.hpp"

#include <algorithm>
#include <utility>

#include "arch/return_stub.hpp"
#include "base/clock.hpp"
#include "os/proc/proc.hpp"
#include "trace/attach/seize.hpp"
#include "trace/remote/barred_restart.hpp"
#include "trace/remote/remote_call.hpp"
#include "trace/signal_stops.hpp"

namespace vdsotrace {
namespace {

/// How long to wait before asking what the threads that have not stopped are doing.
constexpr std::int64_t kLookAfterNs = 20'000'000;

bool stops_process(const WaitStatus& status) {
  return status.kind() == WaitStatus::Kind::signal && status.signal() == SIGSTOP;
}

/// Whether our own interruption ended a system call that the kernel will begin again by itself.
bool will_be_restarted(pid_t tid) {
  const auto info = ptrace::syscall_info(tid);
  return info && info->op == PTRACE_SYSCALL_INFO_EXIT && arch::restarts_after(info->exit.rval);
}

/// Whether the thread sleeps in a call that was made outside the vDSO, and nothing wakes it. False if that is not
/// known.
bool sleeps_outside_vdso(pid_t tid) {
  if (proc::state(tid) != 'D') return false;
  const auto resumes_at = proc::user_pc_while_blocked(tid);
  const auto mappings = proc::known_mappings(tid);
  return resumes_at && mappings && std::ranges::none_of(*mappings, [&](const proc::Mapping& mapping) {
           return mapping.name == "[vdso]" && *resumes_at >= mapping.start && *resumes_at < mapping.end;
         });
}

/// Whether the thread is to run on to another stop, which is about to follow.
bool stops_again(StoppedThread& stopped, const WaitStatus& status) {
  const pid_t tid = stopped.tid();
  // Detached at this stop, the thread would die of the trap for which it is about to stop.
  const bool trap_follows = is_interruption(status) && ptrace::trap_pending(tid);
  const bool restart_follows = status.kind() == WaitStatus::Kind::system_call && will_be_restarted(tid);
  // With any stop the kernel forgets that we have asked for one.
  if (restart_follows) ptrace::interrupt(tid);
  return trap_follows || restart_follows;
}

/// Whether the thread goes on where nothing of ours is.
bool is_outside_our_code(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return false;
  const AddressSpace& space = *stopped.thread().space;
  const std::uint64_t counter = arch::program_counter(*registers);
  return !space.vdso().offset_of(counter) && !space.engine_memory().contains(counter) && space.call_record() == nullptr;
}

/// At the end of a call that the kernel will begin again by itself, also when the thread is detached from this very
/// stop. Only who is in our code has to leave the call before, and who may be under a filter that forbids to begin it
/// again.
bool may_be_held_in_call(StoppedThread& stopped, const WaitStatus& status) {
  return status.kind() == WaitStatus::Kind::system_call && will_be_restarted(stopped.tid()) &&
         is_outside_our_code(stopped) && !restarts_under_filters(stopped);
}

}  // namespace

StopWorld::StopWorld(TaskTable& tasks, ProbeEngine& engine, Reporter& reporter, StopSource& source,
                     StopHandler& handler, Orphans& orphans, const Program& program)
    : tasks_(tasks),
      engine_(engine),
      reporter_(reporter),
      source_(source),
      handler_(handler),
      orphans_(orphans),
      program_(program) {}

bool StopWorld::stop_to_attach() {
  state_ = State::attaching;
  // Attached processes outlive us, if we are killed, with their breakpoints.
  if (engine_.stops().traps)
    source_.set_before_trap([this](pid_t tid) {
      if (Thread* thread = tasks_.find(tid)) put_back_on_breakpoint(*thread);
    });
  const bool undisturbed = await_stops(running());
  state_ = State::observing;
  return undisturbed;
}

void StopWorld::stop_to_detach() {
  if (state_ != State::urgent) state_ = State::detaching;
  handler_.end_delays(Delays::kAll);
  std::vector<pid_t> interrupted = running();
  std::erase_if(interrupted, [](pid_t tid) { return !ptrace::interrupt(tid); });
  await_stops(interrupted);
}

StopWorld::Held StopWorld::take_held() { return std::exchange(held_, {}); }

std::vector<pid_t> StopWorld::running() const {
  std::vector<pid_t> tids;
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (!thread->stopped) tids.push_back(tid);
  }
  return tids;
}

/// False if we were asked to end meanwhile.
bool StopWorld::await_stops(std::span<const pid_t> interrupted) {
  source_.look_for(interrupted);
  bool undisturbed = true;
  std::set<pid_t> missing;
  // There may be many stops: the clock is set anew when it has run down, not after each.
  bool any_stopped = false;
  source_.set_deadline(monotonic_ns() + kLookAfterNs);
  while (!all_held()) {
    const WaitResult result = source_.next([] { return std::nullopt; });
    if (const auto* stop = std::get_if<TraceeStop>(&result)) {
      on_stop(*stop);
      any_stopped = true;
    }
    if (!goes_on_waiting(result, undisturbed)) break;
    if (!std::holds_alternative<TimedOut>(result)) continue;
    if (!std::exchange(any_stopped, false)) look_at_missing(missing);
    source_.set_deadline(monotonic_ns() + kLookAfterNs);
  }
  source_.set_deadline(std::nullopt);
  for (const pid_t tid : orphans_.due(true)) {
    orphans_.claim_orphan(tid, true);
    hold_claimed();
  }
  return undisturbed;
}

/// Whether those that have not stopped are still waited for.
bool StopWorld::goes_on_waiting(const WaitResult& result, bool& undisturbed) {
  if (std::holds_alternative<NoneLeft>(result)) return false;
  if (std::holds_alternative<OwnSignal>(result)) undisturbed = false;
  if (!undisturbed && !is_detaching()) return false;
  if (!undisturbed && !program_.was_started()) state_ = State::urgent;
  // A thread that is left running would execute code that we take away.
  return state_ != State::urgent || !none_will_stop();
}

void StopWorld::look_at_missing(std::set<pid_t>& missing) {
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (!held_.contains(tid) && can_stay_unstopped(*thread)) asleep_.insert(tid);
  }
  skip_zombie_leaders();
  drop_unwaitable(missing);
}

void StopWorld::on_stop(const TraceeStop& stop) {
  if (Thread* thread = handler_.thread_of(stop)) hold_or_end(*thread, stop.status);
  hold_claimed();
}

void StopWorld::hold_claimed() {
  while (const auto claimed = orphans_.take_claimed()) {
    if (Thread* thread = tasks_.find(claimed->tid)) hold_or_end(*thread, claimed->status);
  }
}

void StopWorld::hold_or_end(Thread& thread, const WaitStatus& status) {
  if (status.ended()) {
    held_.erase(thread.tid);
    handler_.on_end(thread, status);
  } else if (status.kind() != WaitStatus::Kind::continued) {
    hold(thread, status);
  }
}

/// Keeps the thread stopped. At an attach it is kept at a stop that we asked for, so that it can make calls for us;
/// whatever else it stopped for is handled first. Before we detach it is kept at any stop, which is handled later; but
/// clone and exec events are handled at once, as they say which threads there are.
void StopWorld::hold(Thread& thread, const WaitStatus& status) {
  StoppedThread stopped(thread);
  judge_calls_again(stopped);
  asleep_.erase(thread.tid);
  if (is_detaching() && may_be_held_in_call(stopped, status)) {
    keep_held(thread.tid);
    std::move(stopped).resume({Resume::How::hold, 0});
  } else if (stops_again(stopped, status)) {
    std::move(stopped).resume({});
  } else if (stops_process(status) || (state_ == State::attaching && !is_interruption(status))) {
    // A SIGSTOP is to be delivered from the very stop that it was shown at: see StopHandler::on_signal.
    act_and_interrupt(std::move(stopped), status);
  } else if (status.kind() == WaitStatus::Kind::event) {
    act_and_hold(std::move(stopped), status);
  } else {
    held_.insert_or_assign(thread.tid, status);
    std::move(stopped).resume({Resume::How::hold, 0});
  }
}

void StopWorld::act_and_interrupt(StoppedThread&& stopped, const WaitStatus& status) {
  const Resume how = handler_.decide(stopped, status);
  ptrace::interrupt(stopped.tid());
  handler_.go_on(std::move(stopped), how, status);
  drop_forgotten();
}

void StopWorld::act_and_hold(StoppedThread&& stopped, const WaitStatus& status) {
  keep_held(stopped.tid());
  const Resume how = handler_.decide(stopped, status);
  const bool leaves = how.how == Resume::How::detach;
  handler_.go_on(std::move(stopped), leaves ? how : Resume{Resume::How::hold, 0}, status);
  drop_forgotten();
}

/// Forgets the threads that an exec has ended: no wait status reports that.
void StopWorld::drop_forgotten() {
  std::erase_if(held_, [this](const auto& entry) { return tasks_.find(entry.first) == nullptr; });
}

/// A first thread that has ended is a zombie, of which nothing is heard until the others have ended: there is nothing
/// to be held.
void StopWorld::skip_zombie_leaders() {
  std::vector<pid_t> zombies;
  for (const auto& [tid, thread] : tasks_.threads()) {
    const auto is_other = [&, tgid = thread->tgid](const auto& entry) {
      const Thread* other = tasks_.find(entry.first);
      return other != nullptr && other->tgid == tgid;
    };
    const bool may_be = tid == thread->tgid && !held_.contains(tid) && std::ranges::any_of(held_, is_other);
    if (may_be && proc::exists(tid) && proc::has_ended(tid)) zombies.push_back(tid);
  }
  for (const pid_t tid : zombies) {
    asleep_.insert(tid);
    if (!is_detaching()) continue;
    Thread& thread = *tasks_.find(tid);
    engine_.on_end(thread);
    reporter_.report(thread, Detached{});
    asleep_.erase(tid);
    tasks_.forget(tid);
  }
}

/// Forgets threads whose numbers others have taken by an exec while we seized them: no wait status reports their ends.
/// `missing`: the threads that were not there the last time either; a wait status, if there were one, would have come
/// since.
void StopWorld::drop_unwaitable(std::set<pid_t>& missing) {
  std::set<pid_t> now;
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (!is_accounted_for(tid) && !is_ours(tid)) now.insert(tid);
  }
  for (const pid_t tid : now) {
    if (!missing.contains(tid)) continue;
    engine_.on_end(*tasks_.find(tid));
    tasks_.forget(tid);
  }
  missing = std::move(now);
}

bool StopWorld::all_held() const {
  if (held_.size() + asleep_.size() < tasks_.threads().size()) return false;
  return std::ranges::all_of(tasks_.threads(), [this](const auto& entry) { return is_accounted_for(entry.first); });
}

/// Whether the thread waits in vfork(2) for a child that is held: nothing but SIGKILL wakes it before the child
/// executes a program or ends.
bool StopWorld::waits_for_held_child(const Thread& thread) const {
  return thread.vfork_child != 0 && held_.contains(thread.vfork_child);
}

/// Whether it does no harm that the thread has not stopped. In uninterruptible sleep, as the parent of a vfork is until
/// its child executes a program or ends, it stops only when it wakes. If it sleeps in a call that was made outside the
/// vDSO, it touches nothing of ours before.
bool StopWorld::can_stay_unstopped(const Thread& thread) const {
  if (tasks_.sharers().run_for(thread.tid)) return false;
  if (!waits_for_held_child(thread) && !sleeps_outside_vdso(thread.tid)) return false;
  return std::ranges::any_of(held_, [&](const auto& entry) {
    const Thread* other = tasks_.find(entry.first);
    return other != nullptr && other->space == thread.space;
  });
}

/// Whether all that have not stopped sleep where not even a signal wakes them.
bool StopWorld::none_will_stop() const {
  return std::ranges::all_of(tasks_.threads(), [this](const auto& entry) {
    return is_accounted_for(entry.first) || waits_for_held_child(*entry.second) || proc::state(entry.first) == 'D';
  });
}

}  // namespace vdsotrace
