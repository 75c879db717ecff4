// The one place where waitpid's status word is taken apart.
#pragma once

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdint>

namespace vdsotrace {

/// What waitpid said about one thread (ptrace(2), wait(2)).
class WaitStatus {
 public:
  enum class Kind : std::uint8_t {
    exited,       ///< code() is the exit status
    killed,       ///< code() is the signal
    system_call,  ///< entry or exit; PTRACE_O_TRACESYSGOOD
    signal,       ///< signal-delivery-stop; signal() is about to be delivered
    group_stop,   ///< PTRACE_EVENT_STOP with a stopping signal
    attach_stop,  ///< PTRACE_EVENT_STOP otherwise: a new tracee's first stop, PTRACE_INTERRUPT
    event,        ///< any other PTRACE_EVENT_*; event() says which
    continued,    ///< WIFCONTINUED; never asked for
  };

  explicit WaitStatus(int raw) : raw_(raw) {}

  Kind kind() const {
    if (WIFEXITED(raw_)) return Kind::exited;
    if (WIFSIGNALED(raw_)) return Kind::killed;
    if (!WIFSTOPPED(raw_)) return Kind::continued;
    if (signal() == (SIGTRAP | 0x80)) return Kind::system_call;
    if (event() == PTRACE_EVENT_STOP) return stopping() ? Kind::group_stop : Kind::attach_stop;
    return event() != 0 ? Kind::event : Kind::signal;
  }
  bool ended() const { return kind() == Kind::exited || kind() == Kind::killed; }
  bool core_dumped() const { return WIFSIGNALED(raw_) && WCOREDUMP(raw_); }
  int code() const { return WIFEXITED(raw_) ? WEXITSTATUS(raw_) : WTERMSIG(raw_); }
  int signal() const { return WSTOPSIG(raw_); }
  int event() const { return raw_ >> 16; }
  int raw() const { return raw_; }

 private:
  bool stopping() const {
    const int s = signal();
    return s == SIGSTOP || s == SIGTSTP || s == SIGTTIN || s == SIGTTOU;
  }

  int raw_;
};

}  // namespace vdsotrace
