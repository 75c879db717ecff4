// Stopping the world: bringing every thread to a stop at which it is kept, at an attach and before we detach.
//
//   PTRACE_INTERRUPT to all that run, once
//        |
//        |   at an attach: stopped for anything but us           before we detach: about to be stopped by its own trap,
//        |   (a signal, a call, a clone): acted upon, and        or in our code in a call that the kernel begins again
//        |   on until the next stop                              by itself: on until the next stop
//        |        .--------.                                          .--------.
//        v        v        |                                          v        |
//   [ running ] ------> stopped ---------------------------------------------> [ held ]   kept at its stop
//        |
//        |-- sleeps where nothing of ours is, and nothing wakes it -----------> [ asleep ] counts as stopped
//        |   (the parent of a vfork whose child is held; state D)
//        |
//        '-- has ended, or its number went to another by an exec -------------> forgotten
//
// All threads held or asleep: the world is stopped.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "trace/stop_handler.hpp"

namespace vdsotrace {

/// A stop that PTRACE_INTERRUPT asked for, a new task's first, or a group-stop: nothing of the thread's own is to be
/// acted upon.
inline bool is_interruption(const WaitStatus& status) {
  return status.kind() == WaitStatus::Kind::attach_stop || status.kind() == WaitStatus::Kind::group_stop;
}

class StopWorld {
 public:
  enum class State : std::uint8_t {
    observing,  ///< threads run from stop to stop
    attaching,  ///< the world is being stopped so that calls can be made on each thread
    detaching,  ///< it is, or was, stopped for the last time
    urgent,     ///< the same, and we were asked to end once more: threads that sleep are left behind
  };
  /// Threads that are kept stopped, and why they stopped where that has not been acted upon yet.
  using Held = std::map<pid_t, std::optional<WaitStatus>>;

  StopWorld(TaskTable& tasks, ProbeEngine& engine, Reporter& reporter, StopSource& source, StopHandler& handler,
            Orphans& orphans, const Program& program);

  /// Keeps all threads at stops that we have asked for (Attaching::seize): asked twice, each would stop again when it
  /// goes on. False if we were asked to end before all had stopped.
  bool stop_to_attach();
  /// Stops all threads, whatever for, and keeps them; also a second time.
  void stop_to_detach();
  bool is_detaching() const { return state_ == State::detaching || state_ == State::urgent; }

  /// Those that are held, which are the caller's business from now on.
  Held take_held();
  /// The thread is still held, its stop acted upon.
  void keep_held(pid_t tid) { held_.insert_or_assign(tid, std::nullopt); }
  /// The world runs again.
  void forget_sleepers() { asleep_.clear(); }

 private:
  std::vector<pid_t> running() const;
  bool await_stops(std::span<const pid_t> interrupted);
  bool goes_on_waiting(const WaitResult& result, bool& undisturbed);
  void look_at_missing(std::set<pid_t>& missing);
  void on_stop(const TraceeStop& stop);
  void hold_claimed();
  void hold_or_end(Thread& thread, const WaitStatus& status);
  void hold(Thread& thread, const WaitStatus& status);
  void act_and_interrupt(StoppedThread&& stopped, const WaitStatus& status);
  void act_and_hold(StoppedThread&& stopped, const WaitStatus& status);
  void drop_forgotten();
  bool is_accounted_for(pid_t tid) const { return held_.contains(tid) || asleep_.contains(tid); }
  bool all_held() const;
  bool waits_for_held_child(const Thread& thread) const;
  bool can_stay_unstopped(const Thread& thread) const;
  bool none_will_stop() const;
  void skip_zombie_leaders();
  void drop_unwaitable(std::set<pid_t>& missing);

  TaskTable& tasks_;
  ProbeEngine& engine_;
  Reporter& reporter_;
  StopSource& source_;
  StopHandler& handler_;
  Orphans& orphans_;
  const Program& program_;
  State state_ = State::observing;
  Held held_;
  std::set<pid_t> asleep_;  ///< threads that cannot stop now and of which it does not matter
};

}  // namespace vdsotrace
