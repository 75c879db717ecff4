// What a core dump shall show: every thread in the program's own code.
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "os/clock.hpp"
#include "os/proc.hpp"
#include "trace/session.hpp"

namespace vdsotrace {
namespace {

/// Those whose default action dumps core (signal(7)).
constexpr int kDumping[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};
constexpr std::int64_t kPatienceNs = 20'000'000;

/// Whether the process dies of the signal that is about to be delivered. Signal actions are not always followed: the kernel knows.
bool dumps_core(pid_t tgid, int signal) {
  if (std::ranges::find(kDumping, signal) == std::end(kDumping)) return false;
  const auto caught = proc::status_signals(tgid, "SigCgt"), ignored = proc::status_signals(tgid, "SigIgn");
  return caught && ignored && ((*caught | *ignored) & signal_bit(signal)) == 0;
}

/// Stops the thread out of the session's order of things, which is over for it. Its end is left to the session.
bool stop_at_once(pid_t tid) {
  if (!ptrace::interrupt(tid)) return false;
  for (const std::int64_t end = monotonic_ns() + kPatienceNs; monotonic_ns() < end;) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(tid), &info, WSTOPPED | WNOHANG | __WALL) != 0) return false;
    if (info.si_pid == tid) return true;
  }
  // Its stop may have been waited for already.
  return ptrace::registers(tid).has_value();
}

}  // namespace

void Session::show_own_code_in_core(const StoppedThread& dying, int signal) {
  const Thread& first = dying.thread();
  if (!first.space->patched() || !dumps_core(first.tgid, signal)) return;
  for (const auto& [tid, thread] : family_.threads()) {
    if (thread->tgid != first.tgid || thread.get() == &first) continue;
    if (!thread->stopped && !stop_at_once(tid)) continue;
    StoppedThread other(*thread);
    engine_.leave_engine_memory(other);
    std::move(other).resume({Resume::How::hold, 0});
  }
}

}  // namespace vdsotrace
