// The one place that waits: for tracees and for signals sent to vdsotrace itself.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <unordered_set>
#include <utility>
#include <variant>

#include "os/self/own_signals.hpp"
#include "os/tracing/wait_status.hpp"

namespace vdsotrace {

/// A tracee (or another child of ours) changed state.
struct TraceeStop {
  pid_t tid;
  WaitStatus status;
  /// Processor time that its process, and the children that it has waited for, have spent in the kernel; 0 where the
  /// source does not ask (Waiter::ask_kernel_times).
  std::int64_t kernel_ns = 0;
};
/// The deadline passed.
struct TimedOut {};
/// No children are left to wait for.
struct NoneLeft {};

using WaitResult = std::variant<TraceeStop, OwnSignal, TimedOut, NoneLeft>;

/// What the session waits on; a test can script it.
class StopSource {
 public:
  virtual ~StopSource() = default;
  /// Runs when nothing is at hand and the caller is about to be put to sleep. Answers for how many nanoseconds at
  /// most: then it is asked again. Nothing: as long as it takes.
  using BeforeSleep = std::function<std::optional<std::int64_t>()>;
  /// The next thing that happened.
  virtual WaitResult next(const BeforeSleep& before_sleep) = 0;
  /// Many are about to stop, or have: takes what these have to say at once, which is cheaper than to find them among
  /// all.
  virtual void look_for(std::span<const pid_t> tids) = 0;
  /// Runs for a thread that has stopped for SIGTRAP before its stop is waited for, which makes the kernel forget the
  /// signal: may look at the thread and change its registers.
  using BeforeTrap = std::function<void(pid_t tid)>;
  virtual void set_before_trap(BeforeTrap before_trap) = 0;
  /// CLOCK_MONOTONIC nanoseconds at which next() answers TimedOut, once; nothing: never.
  virtual void set_deadline(std::optional<std::int64_t> when) = 0;
};

/// Waits with waitpid(2) for every thread. Every few stops all that are at hand are
/// collected before one is given out, so that a thread that stops often does
/// not starve the others (the kernel favours some). While stops come thick it polls for
/// some microseconds before it sleeps: waking an idle processor costs far more
/// than a stop. An idle process is never polled.
///
/// To find that none of all has stopped takes the kernel the longer the more there are: it looks at each. Where that is
/// dear, those that stopped last are asked for one by one, and all only for a small part of the time. To find one that
/// has takes as long: where many have, each that is known is asked for by its number.
class Waiter final : public StopSource {
 public:
  explicit Waiter(OwnSignals& signals);

  WaitResult next(const BeforeSleep& before_sleep) override;
  void look_for(std::span<const pid_t> tids) override;
  void set_before_trap(BeforeTrap before_trap) override { asked_.before_trap = std::move(before_trap); }
  void set_deadline(std::optional<std::int64_t> when) override;
  /// From now on each stop comes with TraceeStop::kernel_ns.
  void ask_kernel_times() { asked_.kernel_times = true; }
  /// How often a thread has stopped so far.
  std::uint64_t stops() const { return stops_; }

 private:
  enum class Found : std::uint8_t { some, none, no_children, interrupted };
  Found wait_for(pid_t which, bool blocking);
  static Found found_nobody(pid_t answer);
  Found take(pid_t which, bool blocking);
  pid_t look_before_taking(pid_t which, bool blocking);
  Found wait_once(bool blocking) { return wait_for(-1, blocking); }
  Found take_any();
  Found look_at_all();
  Found look_at_recent();
  Found look();
  void note_recent(pid_t tid);
  void collect_rest();
  void look_at_each();
  Found poll();
  Found sleep(std::optional<std::int64_t> most);
  std::optional<WaitResult> wait(const BeforeSleep& before_sleep);
  bool deadline_passed();

  OwnSignals& signals_;
  std::deque<TraceeStop> ready_;
  unsigned served_ = 0;
  std::uint64_t stops_ = 0;
  std::array<pid_t, 4> recent_{};  ///< which stopped last; 0: none
  /// What was dear, and when it was done last.
  struct Dear {
    std::int64_t took_ns = 0;
    std::int64_t ended = 0;
  };
  struct {
    Dear look;      ///< at all, that found none
    Dear collect;   ///< what was at hand
    int found = 0;  ///< in a row, without a look that found none
  } last_;
  std::unordered_set<pid_t> tracees_;  ///< who has stopped before
  int credit_ = 0;                     ///< how much polling has paid lately
  bool may_poll_;
  /// What is done beside waiting.
  struct Asked {
    bool kernel_times = false;
    BeforeTrap before_trap;  ///< empty: nothing
  };
  Asked asked_;
  std::int64_t poll_ns_;  ///< how long a poll may last
  std::optional<std::int64_t> deadline_;
};

}  // namespace vdsotrace
