// The program that we started: how it ended, and which of the signals to us are meant for it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "os/self/own_signals.hpp"
#include "os/tracing/wait_status.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// How the program that we started ended.
struct Outcome {
  bool signaled = false;
  int code = 0;  ///< exit status, or the signal
};

/// When signals to us (SIGINT, SIGTERM, SIGHUP, SIGQUIT) end the watching: -I.
enum class Interruptible : std::uint8_t {
  automatic,  ///< see Program::ends_trace
  always,     ///< at each; a program that we have started gets it, too, unless it came from the terminal
  never,
};

class Program {
 public:
  explicit Program(Interruptible interruptible = Interruptible::automatic) : interruptible_(interruptible) {}

  enum class State : std::uint8_t {
    none,  ///< we have started nothing: the processes ran already
    running,
    failed_to_launch,  ///< our child has ended without having executed it
    ended,
  };

  /// Our own child, which is about to execute the program.
  void begin(pid_t pid);
  /// A thread has ended, the program's first or another.
  void on_end(const Thread& thread, const WaitStatus& status);

  State state() const { return state_; }
  bool was_started() const { return state_ != State::none; }
  bool has_ended() const { return state_ == State::ended || state_ == State::failed_to_launch; }
  /// Success as long as it has not ended.
  const Outcome& outcome() const { return outcome_; }

  /// Whether that signal to us ends the watching; else it has been passed on. While the program lives our signals are
  /// its own, unless it will not end by them: then they end the watching if we are not `detaching` yet.
  bool ends_trace(const OwnSignal& signal, bool detaching);
  /// Whether such a signal came between its death and on_end: the watching ends, now that the outcome is known.
  /// True once.
  bool end_ends_trace() { return has_ended() && std::exchange(ends_trace_with_it_, false); }

 private:
  bool is_dead() const;
  bool is_in_vain(const OwnSignal& signal);

  Interruptible interruptible_;
  State state_ = State::none;
  pid_t pid_ = 0;
  Outcome outcome_;
  Repetitions repetitions_;
  bool ends_trace_with_it_ = false;
};

}  // namespace vdsotrace
