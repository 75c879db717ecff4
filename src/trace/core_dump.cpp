#include "trace/core_dump.hpp"

#include <algorithm>
#include <csignal>

#include "os/proc/proc.hpp"
#include "trace/attach/stop_now.hpp"

namespace vdsotrace {
namespace {

/// Those whose default action dumps core (signal(7)).
constexpr int kDumping[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};

/// Whether the process dies of the signal that is about to be delivered. Signal actions are not always followed: the
/// kernel knows.
bool dumps_core(pid_t tgid, int signal) {
  if (std::ranges::find(kDumping, signal) == std::end(kDumping)) return false;
  const auto caught = proc::status_signals(tgid, "SigCgt"), ignored = proc::status_signals(tgid, "SigIgn");
  return caught && ignored && ((*caught | *ignored) & signal_bit(signal)) == 0;
}

}  // namespace

void show_own_code_in_core(const StoppedThread& dying, int signal, const TaskTable& tasks, ProbeEngine& engine) {
  const Thread& first = dying.thread();
  if (!first.space->vdso().is_patched() || !dumps_core(first.tgid, signal)) return;
  for (const auto& [tid, thread] : tasks.threads()) {
    if (thread->tgid != first.tgid || thread.get() == &first) continue;
    if (!thread->stopped && !stop_now(tid)) continue;
    StoppedThread other(*thread);
    engine.move_out_of_engine_code(other);
    std::move(other).resume({Resume::How::hold, 0});
  }
}

}  // namespace vdsotrace
