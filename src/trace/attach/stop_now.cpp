#include "trace/attach/stop_now.hpp"

#include <ctime>

#include "base/clock.hpp"
#include "os/kernel.hpp"
#include "os/proc/proc.hpp"
#include "os/tracing/ptrace.hpp"

namespace vdsotrace {
namespace {

constexpr std::int64_t kAskAgainNs = 20'000'000;
constexpr std::int64_t kMostNs = 5'000'000'000;
/// The thread may need the processor that we would poll on.
constexpr timespec kBetweenLooks{0, 50'000};

bool cannot_stop(pid_t tid) {
  const auto state = proc::state(tid);
  return state == 'D' || state == 'Z' || state == 'X' || !proc::exists(tid);
}

}  // namespace

bool stop_now(pid_t tid) {
  if (!ptrace::interrupt(tid)) return false;
  const std::int64_t start = monotonic_ns();
  for (std::int64_t patience = kAskAgainNs; patience < kMostNs; patience += kAskAgainNs) {
    while (monotonic_ns() - start < patience) {
      siginfo_t info{};
      if (kernel().waitid(P_PID, static_cast<id_t>(tid), info, WSTOPPED | WNOHANG | __WALL) != 0) return false;
      if (info.si_pid == tid) return true;
      ::nanosleep(&kBetweenLooks, nullptr);
    }
    // Its stop may have been waited for already.
    if (ptrace::registers(tid)) return true;
    if (cannot_stop(tid)) return false;
  }
  return false;
}

}  // namespace vdsotrace
