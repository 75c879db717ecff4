#include "engines/syscalls/stubs/signal_calls.hpp"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace vdsotrace {
namespace {

constexpr std::uint64_t kMaskBytes = sizeof(std::uint64_t);

std::uint64_t mask_after(std::uint64_t now, int how, std::uint64_t set) {
  switch (how) {
    case SIG_BLOCK: return now | set;
    case SIG_UNBLOCK: return now & ~set;
    case SIG_SETMASK: return set;
    default: return now;
  }
}

void expect_mask(StoppedThread& stopped, const arch::SystemCallRegisters& call) {
  if (call.args[1] == 0 || call.args[3] != kMaskBytes) return;
  const auto set = stopped.memory().object<std::uint64_t>(call.args[1]);
  const auto now = ptrace::signal_mask(stopped.tid());
  if (!set || !now) return;
  stopped.thread().blocked = BlockedSignals(mask_after(*now, static_cast<int>(call.args[0]), *set));
}

}  // namespace

bool SignalCalls::concerns(std::int64_t nr) { return nr == SYS_rt_sigprocmask || nr == SYS_rt_sigaction; }

bool SignalCalls::can_expect(const Thread& thread, const arch::SystemCallRegisters& call, std::uint64_t own) {
  // Programs inherit our filters. Where they have one of their own, all calls stop.
  static const bool kFiltered = ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_DISABLED;
  if (kFiltered || thread.filtered) return false;
  if (call.nr == SYS_rt_sigprocmask) return true;
  const int signal = static_cast<int>(call.args[0]);
  const bool is_own = signal >= 1 && signal <= SignalActions::kSignals && (own & signal_bit(signal)) != 0;
  return call.nr == SYS_rt_sigaction && !is_own;
}

void SignalCalls::expect(StoppedThread& stopped, const arch::SystemCallRegisters& call) {
  const Thread& thread = stopped.thread();
  Before before{0, {}, thread.blocked};
  if (call.nr == SYS_rt_sigaction) expect_action(stopped, call, before);
  if (call.nr == SYS_rt_sigprocmask) expect_mask(stopped, call);
  before_.insert_or_assign(thread.tid, before);
}

void SignalCalls::expect_action(StoppedThread& stopped, const arch::SystemCallRegisters& call, Before& before) {
  const int signal = static_cast<int>(call.args[0]);
  const bool can_be_set = signal >= 1 && signal <= SignalActions::kSignals && signal != SIGKILL && signal != SIGSTOP;
  if (call.args[1] == 0 || call.args[3] != kMaskBytes || !can_be_set) return;
  const auto action = stopped.memory().object<KernelSigaction>(call.args[1]);
  if (!action) return;
  SignalActions& actions = *stopped.thread().actions;
  before.signal = signal;
  before.action = actions.of(signal);
  actions.set(signal, *action);
}

void SignalCalls::take_back(Thread& thread) {
  const auto found = before_.find(thread.tid);
  if (found == before_.end()) return;
  const Before& before = found->second;
  if (before.signal != 0) thread.actions->set(before.signal, before.action);
  thread.blocked = before.blocked;
  before_.erase(found);
}

}  // namespace vdsotrace
