#include "trace/program.hpp"

#include <cerrno>
#include <csignal>
#include <string_view>

#include "base/clock.hpp"
#include "os/kernel.hpp"
#include "os/proc/proc.hpp"
#include "os/tracing/wait_end.hpp"

namespace vdsotrace {

void Program::begin(pid_t pid) {
  pid_ = pid;
  state_ = State::running;
}

void Program::on_end(const Thread& thread, const WaitStatus& status) {
  if (!was_started() || thread.tid != pid_) return;
  state_ = thread.phase == Thread::Phase::launching ? State::failed_to_launch : State::ended;
  outcome_ = {status.kind() == WaitStatus::Kind::killed, status.code()};
}

bool Program::ends_trace(const OwnSignal& signal, bool detaching) {
  if (interruptible_ == Interruptible::never) return false;
  // Without a program of ours, signals can only mean us.
  if (!was_started() || has_ended()) return true;
  if (is_dead()) {
    ends_trace_with_it_ = true;
    return false;
  }
  if (is_in_vain(signal) && !detaching) return true;
  // A signal of the terminal reaches the program by itself.
  if (!signal.from_terminal) kernel().kill(pid_, signal.signal);
  return interruptible_ == Interruptible::always && !detaching;
}

/// Its end has yet to be waited for, or is among the stops that are yet to be served.
bool Program::is_dead() const { return has_waitable_end(pid_) || (kernel().kill(pid_, 0) != 0 && errno == ESRCH); }

/// Whether the user sends the signal to a program that does not end by it. A program with a handler may do something
/// else on purpose: there it takes a third signal.
bool Program::is_in_vain(const OwnSignal& signal) {
  if (signal.signal != SIGINT && signal.signal != SIGTERM) return false;
  const int times = repetitions_.add(signal, monotonic_ns());
  const auto does = [&](std::string_view what) {
    return (proc::status_signals(pid_, what).value_or(0) & signal_bit(signal.signal)) != 0;
  };
  // The terminal sends Ctrl-C to the program as well, and who presses it twice need not mean us. Other signals come to
  // us alone.
  if (!signal.from_terminal && does("SigIgn")) return true;
  return times >= (does("SigCgt") ? 3 : 2);
}

}  // namespace vdsotrace
