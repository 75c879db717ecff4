#include "trace/attach/detach.hpp"

#include <algorithm>
#include <ctime>
#include <set>

#include "trace/attach/stop_now.hpp"
#include "trace/remote/barred_restart.hpp"

namespace vdsotrace {
namespace {

/// How often, and for how long, a thread in the middle of a vDSO function is let run on. A thread that does nothing but
/// call such functions is outside of them every few times.
constexpr int kMostRounds = 100;
constexpr timespec kMoment{0, 50'000};

}  // namespace

void Detaching::detach_all() {
  world_.stop_to_detach();
  // No thread may be in engine memory when the first address space is cleaned.
  std::set<const AddressSpace*> seen;
  for (const auto& [tid, signal] : handle_held_stops()) {
    StoppedThread stopped(*tasks_.find(tid));
    if (tasks_.clean(stopped)) {
      if (seen.insert(stopped.thread().space.get()).second) undo_leftovers(stopped);
      detach(std::move(stopped), signal);
    } else {
      handler_.go_on(std::move(stopped), {Resume::How::run, signal}, std::nullopt);
    }
  }
  // A thread that still sleeps goes at its next stop, or when we end.
  world_.forget_sleepers();
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (!thread->stopped && thread->space->vdso().undo(tid)) tasks_.detach_at_next_stop(*thread);
  }
}

/// Undoes what an earlier vdsotrace has left in a process and could not be undone when we came: its threads have moved
/// on since. All of them are stopped.
void Detaching::undo_leftovers(StoppedThread& stopped) {
  const Thread& thread = stopped.thread();
  if (thread.on_tracer_death == ptrace::OnTracerDeath::kill || engine_.undo_leftovers(stopped)) return;
  reporter_.report(thread,
                   Notice{"code of a vdsotrace that was killed stays in its vDSO until the next attach: a thread "
                          "may still return to it"});
}

/// Handles the stops of all threads that are held, and keeps holding them. Answers the signal that each is to get. A
/// thread in the middle of code that the engine will take away is let run on and held again; nothing is done to it
/// meanwhile that would outlive us.
std::map<pid_t, int> Detaching::handle_held_stops() {
  std::map<pid_t, int> signals;
  for (int round = 0;; ++round) {
    bool all = true;
    for (const auto& [tid, status] : world_.take_held()) {
      Thread* thread = tasks_.find(tid);
      if (thread == nullptr) continue;
      if (signals.contains(tid) || prepare_detach(*thread, status, round < kMostRounds, signals)) {
        world_.keep_held(tid);
      } else {
        all = false;
      }
    }
    if (all) break;
    ::nanosleep(&kMoment, nullptr);
    world_.stop_to_detach();
  }
  world_.take_held();
  std::erase_if(signals, [this](const auto& entry) { return tasks_.find(entry.first) == nullptr; });
  return signals;
}

/// False if the thread runs again.
bool Detaching::prepare_detach(Thread& thread, const std::optional<WaitStatus>& status, bool may_wait,
                               std::map<pid_t, int>& signals) {
  StoppedThread stopped(thread);
  const Resume how = status && !is_interruption(*status) ? handler_.decide(stopped, *status) : Resume{};
  if (!engine_.vacate_for_detach(stopped, may_wait)) {
    handler_.go_on(std::move(stopped), {Resume::How::run, how.signal}, status);
    return false;
  }
  signals[thread.tid] = how.signal;
  std::move(stopped).resume({Resume::How::hold, 0});
  return true;
}

/// A thread whose memory is clean. It stays ours if it has to be guarded, or has to go on with a call first.
void Detaching::detach(StoppedThread&& stopped, int signal) {
  Thread& thread = stopped.thread();
  reporter_.report(thread, Detached{});
  const Resume how = tasks_.detach_or_guard(thread, signal);
  // When we end the kernel detaches it in the middle of its sleep.
  if (how.how == Resume::How::detach && signal == 0 && thread.on_tracer_death == ptrace::OnTracerDeath::leave &&
      go_on_before_leaving(stopped)) {
    thread.role = Thread::Role::released;
    thread.phase = Thread::Phase::fresh;
    std::move(stopped).abandon();
    thread.stopped = false;
    return;
  }
  handler_.go_on(std::move(stopped), how, std::nullopt);
}

void Detaching::undo_patches() {
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (!thread->stopped) stop_now(tid);
    StoppedThread stopped(*thread);
    engine_.move_out_of_engine_code(stopped);
    std::move(stopped).resume({Resume::How::hold, 0});
  }
  for (const auto& [tid, thread] : tasks_.threads()) thread->space->vdso().undo(tid);
}

}  // namespace vdsotrace
