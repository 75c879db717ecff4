// Calls that change what must be known of a thread's signals (trace/thread/signal_state.hpp), and that a stub makes all
// the same: what they will do is known before they are made. So they stop once, as dispatched calls, instead of three
// times.
#pragma once

#include <map>

#include "trace/thread/thread.hpp"

namespace vdsotrace {

class SignalCalls {
 public:
  /// Whether calls of that number are: rt_sigprocmask(2), rt_sigaction(2).
  static bool concerns(std::int64_t nr);
  /// Whether one of that number with these arguments is more than a query.
  static bool may_change(std::int64_t nr, const arch::SystemCallRegisters& call) {
    return concerns(nr) && call.args[1] != 0;
  }
  /// Whether this one is: not if it is about one of the `own` signals, whose actions we put back ourselves, nor where a
  /// seccomp filter may refuse it.
  static bool can_expect(const Thread& thread, const arch::SystemCallRegisters& call, std::uint64_t own);
  /// The stopped thread is about to make one of them: what it will change, as the kernel decides that (do_sigaction,
  /// kernel/signal.c), is noted.
  void expect(StoppedThread& stopped, const arch::SystemCallRegisters& call);
  /// It was stopped before it has made the call, which it will begin anew: what was noted last is taken back.
  void take_back(Thread& thread);
  void forget(pid_t tid) { before_.erase(tid); }

 private:
  struct Before {
    int signal = 0;  ///< whose action changes; 0: none
    KernelSigaction action;
    BlockedSignals blocked;
  };
  void expect_action(StoppedThread& stopped, const arch::SystemCallRegisters& call, Before& before);

  std::map<pid_t, Before> before_;
};

}  // namespace vdsotrace
