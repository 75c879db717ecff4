// Bringing every thread to a stop, and letting go.
#include <algorithm>

#include "arch/return_stub.hpp"
#include "base/clock.hpp"
#include "os/proc.hpp"
#include "trace/attach/attach.hpp"
#include "trace/attach/stop_now.hpp"
#include "trace/remote/barred_restart.hpp"
#include "trace/session.hpp"

namespace vdsotrace {
namespace {

/// How long to wait before asking what the threads that have not stopped are doing.
constexpr std::int64_t kPatienceNs = 20'000'000;

/// How often, and how long, a thread is let run that is in the middle of a vDSO function. One that calls nothing else is
/// elsewhere every few times.
constexpr int kMostRounds = 100;
constexpr timespec kMoment{0, 50'000};

bool is_interruption(const WaitStatus& status) {
  return status.kind() == WaitStatus::Kind::attach_stop || status.kind() == WaitStatus::Kind::group_stop;
}

bool stops_process(const WaitStatus& status) {
  return status.kind() == WaitStatus::Kind::signal && status.signal() == SIGSTOP;
}

/// Whether our own interruption ended a system call that the kernel will begin again by itself.
bool will_be_restarted(pid_t tid) {
  const auto info = ptrace::syscall_info(tid);
  return info && info->op == PTRACE_SYSCALL_INFO_EXIT && arch::restarts_after(info->exit.rval);
}

/// Whether nothing wakes it from a call that was made elsewhere. Not if that cannot be told.
bool sleeps_outside_vdso(pid_t tid) {
  if (proc::state(tid) != 'D') return false;
  const auto resumes_at = proc::user_pc_while_blocked(tid);
  const auto mappings = proc::known_mappings(tid);
  return resumes_at && mappings && std::ranges::none_of(*mappings, [&](const proc::Mapping& mapping) {
           return mapping.name == "[vdso]" && *resumes_at >= mapping.start && *resumes_at < mapping.end;
         });
}

}  // namespace

/// Keeps the thread stopped. At an attach at a stop that we asked for, so that calls can be made on it: whatever else
/// it stopped for is let happen first. At the release at any stop, which is acted upon later; but births and
/// exec at once, as they say which threads there are.
void Session::hold(Thread& thread, const WaitStatus& status) {
  const pid_t tid = thread.tid;
  StoppedThread stopped(thread);
  judge_calls_again(stopped);
  asleep_.erase(tid);
  // Let go at this stop, it would die of the trap that it is about to be stopped for.
  const bool trap_follows = is_interruption(status) && ptrace::trap_pending(tid);
  const bool restart_follows = status.kind() == WaitStatus::Kind::system_call && will_be_restarted(tid);
  if (trap_follows || restart_follows) {
    // Any stop takes back the one that was asked for.
    if (restart_follows) ptrace::interrupt(tid);
    std::move(stopped).resume({});
    return;
  }
  // A SIGSTOP is to be delivered from the very stop that it was shown at: see on_signal.
  if (stops_process(status) || (!releasing_ && !is_interruption(status))) {
    const Resume how = decide(stopped, status);
    ptrace::interrupt(tid);
    go_on(std::move(stopped), how, status);
    if (how.how == Resume::How::detach) tasks_.forget(tid);
    std::erase_if(held_, [this](const auto& entry) { return tasks_.find(entry.first) == nullptr; });
    return;
  }
  if (status.kind() != WaitStatus::Kind::event) {
    held_.insert_or_assign(tid, status);
    std::move(stopped).resume({Resume::How::hold, 0});
    return;
  }
  held_.insert_or_assign(tid, std::nullopt);
  const Resume how = decide(stopped, status);
  const bool leaves = how.how == Resume::How::detach;
  go_on(std::move(stopped), leaves ? how : Resume{Resume::How::hold, 0}, status);
  if (leaves) tasks_.forget(tid);
  std::erase_if(held_, [this](const auto& entry) { return tasks_.find(entry.first) == nullptr; });
}

/// Stops all threads and keeps them. False if we were told to end meanwhile.
bool Session::hold_all() {
  holding_ = true;
  std::vector<pid_t> running;
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (!thread->stopped && ptrace::interrupt(tid)) running.push_back(tid);
  }
  source_.look_for(running);
  bool undisturbed = true;
  std::set<pid_t> missing;
  while (!all_held()) {
    source_.set_deadline(monotonic_ns() + kPatienceNs);
    const WaitResult result = source_.next([] { return std::nullopt; });
    if (const auto* stop = std::get_if<TraceeStop>(&result)) on_stop(*stop);
    if (std::holds_alternative<NoneLeft>(result)) break;
    if (std::holds_alternative<OwnSignal>(result)) undisturbed = false;
    if (!undisturbed && !releasing_) break;
    interrupted_twice_ = interrupted_twice_ || (!undisturbed && !program_.was_started());
    // What is left behind running would run in what is taken away.
    if (interrupted_twice_ && none_will_stop()) break;
    if (!std::holds_alternative<TimedOut>(result)) continue;
    for (const auto& [tid, thread] : tasks_.threads()) {
      if (!held_.contains(tid) && can_stay_unstopped(*thread)) asleep_.insert(tid);
    }
    skip_zombie_leaders();
    drop_unwaitable(missing);
  }
  source_.set_deadline(std::nullopt);
  claim_orphans(true);
  holding_ = false;
  return undisturbed;
}

/// A first thread that has ended is a zombie of which nothing is heard until the others have: there is nobody to be held.
void Session::skip_zombie_leaders() {
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
    if (!releasing_) continue;
    Thread& thread = *tasks_.find(tid);
    engine_.on_end(thread);
    reporter_.report(thread, Detached{});
    asleep_.erase(tid);
    tasks_.forget(tid);
  }
}

/// One that an exec took the number of while it was being seized has no end that could be waited for. `missing`: those
/// that were not there the last time either; what had been waited for by then has been told since.
void Session::drop_unwaitable(std::set<pid_t>& missing) {
  std::set<pid_t> now;
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (!held_.contains(tid) && !asleep_.contains(tid) && !is_ours(tid)) now.insert(tid);
  }
  for (const pid_t tid : now) {
    if (!missing.contains(tid)) continue;
    engine_.on_end(*tasks_.find(tid));
    tasks_.forget(tid);
  }
  missing = std::move(now);
}

bool Session::all_held() {
  if (held_.size() + asleep_.size() < tasks_.threads().size()) return false;
  return std::ranges::all_of(tasks_.threads(), [this](const auto& entry) {
    return held_.contains(entry.first) || asleep_.contains(entry.first);
  });
}

/// In vfork: nothing but SIGKILL wakes it before the child, which is stopped, executes a program or ends.
bool Session::waits_for_held_child(const Thread& thread) const {
  return thread.vfork_child != 0 && held_.contains(thread.vfork_child);
}

/// A thread in uninterruptible sleep, as the parent of a vfork is until its child goes its own way, stops only when it
/// wakes. If it sleeps in a call made outside the vDSO, that does not touch anything of ours.
bool Session::can_stay_unstopped(const Thread& thread) {
  if (!waits_for_held_child(thread) && !sleeps_outside_vdso(thread.tid)) return false;
  return std::ranges::any_of(held_, [&](const auto& entry) {
    const Thread* other = tasks_.find(entry.first);
    return other != nullptr && other->space == thread.space;
  });
}

/// Whether all that have not stopped sleep where not even a signal wakes them.
bool Session::none_will_stop() {
  return std::ranges::all_of(tasks_.threads(), [this](const auto& entry) {
    return held_.contains(entry.first) || asleep_.contains(entry.first) || waits_for_held_child(*entry.second) ||
           proc::state(entry.first) == 'D';
  });
}

/// Acts upon the stops of all that are held, which stay held. Answers the signal that each is to get. Whoever is in the middle of
/// what the engine will take away is let run on and held again, undisturbed by anything that would outlive us.
std::map<pid_t, int> Session::handle_held_stops() {
  std::map<pid_t, int> signals;
  for (int round = 0;; ++round) {
    bool all = true;
    for (const auto& [tid, status] : std::exchange(held_, {})) {
      Thread* thread = tasks_.find(tid);
      if (thread == nullptr) continue;
      if (!signals.contains(tid) && !prepare_detach(*thread, status, round < kMostRounds, signals)) {
        all = false;
        continue;
      }
      held_.insert_or_assign(tid, std::nullopt);
    }
    if (all) break;
    ::nanosleep(&kMoment, nullptr);
    hold_all();
  }
  held_.clear();
  std::erase_if(signals, [this](const auto& entry) { return tasks_.find(entry.first) == nullptr; });
  return signals;
}

/// False if the thread runs again.
bool Session::prepare_detach(Thread& thread, const std::optional<WaitStatus>& status, bool may_wait,
                             std::map<pid_t, int>& signals) {
  StoppedThread stopped(thread);
  const Resume how = status && !is_interruption(*status) ? decide(stopped, *status) : Resume{};
  if (!engine_.vacate_for_detach(stopped, may_wait)) {
    go_on(std::move(stopped), {Resume::How::run, how.signal}, status);
    return false;
  }
  signals[thread.tid] = how.signal;
  std::move(stopped).resume({Resume::How::hold, 0});
  return true;
}

void Session::release_all() {
  releasing_ = true;
  hold_all();
  // No thread may be in engine memory when the first address space is cleaned.
  for (const auto& [tid, signal] : handle_held_stops()) {
    StoppedThread stopped(*tasks_.find(tid));
    if (!tasks_.clean(stopped)) {
      go_on(std::move(stopped), {Resume::How::run, signal}, std::nullopt);
      continue;
    }
    if (leave(std::move(stopped), signal)) tasks_.forget(tid);
  }
  // Whoever still sleeps goes at its next stop, or when we end.
  asleep_.clear();
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (!thread->stopped && thread->space->unpatch(tid)) tasks_.detach_at_next_stop(*thread);
  }
}

/// Lets a thread go whose memory is clean. False if it is still ours.
bool Session::leave(StoppedThread&& stopped, int signal) {
  Thread& thread = stopped.thread();
  reporter_.report(thread, Detached{});
  const Resume how = tasks_.detach_or_guard(thread, signal);
  const bool detaches = how.how == Resume::How::detach;
  // When we end the kernel lets go of it in the middle of its sleep.
  if (detaches && signal == 0 && thread.on_tracer_death == ptrace::OnTracerDeath::leave &&
      go_on_before_leaving(stopped)) {
    thread.role = Thread::Role::released;
    thread.phase = Thread::Phase::fresh;
    std::move(stopped).abandon();
    thread.stopped = false;
    return false;
  }
  go_on(std::move(stopped), how, std::nullopt);
  return detaches;
}

void Session::undo_patches() {
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (!thread->stopped) stop_now(tid);
    StoppedThread stopped(*thread);
    engine_.move_out_of_engine_code(stopped);
    std::move(stopped).resume({Resume::How::hold, 0});
  }
  for (const auto& [tid, thread] : tasks_.threads()) thread->space->unpatch(tid);
}

}  // namespace vdsotrace
