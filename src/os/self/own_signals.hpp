// Signals sent to vdsotrace itself.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <vector>

namespace vdsotrace {

/// Somebody sent vdsotrace a signal that it handles.
struct OwnSignal {
  int signal;
  bool from_terminal;  ///< Ctrl-C, Ctrl-\\ and the like: the foreground group got it too
};

/// How often in a row the same signal has come.
class Repetitions {
 public:
  /// Counts this one: of those before it only the ones that followed each other within two seconds.
  int add(const OwnSignal& signal, std::int64_t monotonic_ns);

 private:
  int last_ = 0;
  std::int64_t last_ns_ = 0;
  int count_ = 0;
};

/// Takes over SIGINT and SIGTERM, SIGQUIT and SIGHUP unless they are ignored, and a
/// clock. Both interrupt a blocking system call (EINTR), again and again until
/// they are taken, so that one which comes just before the call is not slept through.
/// One object at a time. SIGPIPE and SIGXFSZ are ignored while it lives; SIGCHLD is set so that stops raise none.
class OwnSignals {
 public:
  OwnSignals();
  ~OwnSignals();
  OwnSignals(const OwnSignals&) = delete;
  OwnSignals& operator=(const OwnSignals&) = delete;

  /// Ignores that one too; children that execute programs do not.
  void ignore(int signal);
  /// A signal that has come since, if any.
  std::optional<OwnSignal> take();
  /// From that CLOCK_MONOTONIC time on, blocking calls are interrupted, until it is set anew.
  void set_deadline(std::optional<std::int64_t> monotonic_ns);
  /// At the latest after so many nanoseconds blocking calls are interrupted, again and again, until it is asked anew.
  void wake_within(std::int64_t ns);
  /// They no longer are.
  void let_sleep();

  /// The clocks, which a child of ours has not inherited (timer_create(2)), in that child.
  void renew_timers() const;
  /// Puts actions back as they were found; for a child before it executes a program.
  /// Async-signal-safe.
  void restore_in_child() const;

 private:
  struct Saved {
    int signal;
    struct sigaction action;
  };
  void take_over(int signal, void (*handler)(int, siginfo_t*, void*));
  void arm();

  std::vector<Saved> saved_;
  std::optional<std::int64_t> deadline_;
  std::int64_t wakes_at_ = 0;  ///< CLOCK_MONOTONIC, 0 for never
};

}  // namespace vdsotrace
