// Calls of one space's threads that are known before their record is, or that have none.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>

#include "engines/open_calls.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// Those that a signal handler has interrupted, and the system calls of functions that have not been seen to return.
class UnreturnedCalls {
 public:
  /// Is given each that is found to never return.
  using OnAbandoned = std::function<void(const Thread&, Call&&)>;
  explicit UnreturnedCalls(OnAbandoned abandoned) : abandoned_(std::move(abandoned)) {}

  /// The system call of the function that the thread is in has returned.
  void note_fallback(pid_t tid, Call&& call) { threads_[tid].fallback = std::move(call); }
  std::optional<Call> take_fallback(pid_t tid);
  /// A handler is about to run on top of a call. `stamp` as in OpenCalls::enter.
  void interrupt(const Thread& thread, Call&& call, std::uint64_t stack_pointer, std::uint64_t stamp);
  /// The one that a handler has interrupted last, if none runs now; null if there is none.
  const Call* innermost(pid_t tid);

  void enter_handler(pid_t tid, std::uint64_t stack_pointer, bool alternate_stack);
  void leave_handler(const Thread& thread, std::uint64_t stack_pointer);
  /// Something outside the vDSO runs.
  void saw_code_outside_vdso(const Thread& thread, std::uint64_t stack_pointer);
  /// There is a record of the call that was entered there at the time `stamp`.
  void on_return(const Thread& thread, std::uint64_t stack_pointer, std::uint64_t stamp);
  /// The thread is no more: none of its calls returns.
  void end(const Thread& thread);

 private:
  struct OfThread {
    OpenCalls interrupted;
    std::optional<Call> fallback;
  };

  OfThread* find(pid_t tid);
  OpenCalls::OnAbandoned abandoned_by(const Thread& thread) const;

  OnAbandoned abandoned_;
  std::map<pid_t, OfThread> threads_;
};

}  // namespace vdsotrace
