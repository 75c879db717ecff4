// What calls that set a thread's signal state will do, known before they are made.
#include "engines/syscalls/stubs/signal_calls.hpp"

#include <sys/syscall.h>

#include "support/catch.hpp"
#include "support/scripted_stop.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kAt = kCode + 0x20, kNowhere = 8;

struct SignalTask : StoppedTask {
  SignalTask() { put(KernelSigaction{0x1234, 5, 6, 7}); }
  template <class T>
  void put(const T& object) {
    task.memory->write(kAt, std::as_bytes(std::span(&object, 1)));
  }
  void expect(std::int64_t nr, std::int64_t first, std::uint64_t at, std::uint64_t size = 8) {
    calls.expect(stopped, {Abi::x86_64, nr, {static_cast<std::uint64_t>(first), at, 0, size, 0, 0}});
  }
  std::uint64_t handler(int signal) const { return thread.actions->of(signal).handler; }
  SignalCalls calls;
};

}  // namespace

TEST_CASE("an action that will be set is known before, and taken back if it is not") {
  SignalTask task;
  task.expect(SYS_rt_sigaction, SIGUSR1, kAt);
  CHECK(task.handler(SIGUSR1) == 0x1234);
  CHECK(task.thread.actions->of(SIGUSR1).mask == 7);
  task.calls.take_back(task.thread);
  CHECK(task.handler(SIGUSR1) == 0);
  // It was made the next time; what comes then takes back no more than itself.
  task.expect(SYS_rt_sigaction, SIGUSR1, kAt);
  task.expect(SYS_rt_sigaction, SIGUSR2, kAt);
  task.calls.take_back(task.thread);
  CHECK(task.handler(SIGUSR1) == 0x1234);
  CHECK(task.handler(SIGUSR2) == 0);
}

TEST_CASE("calls that will fail, or ask only, change nothing") {
  SignalTask task;
  for (const int signal : {0, -1, 65, SIGKILL, SIGSTOP}) task.expect(SYS_rt_sigaction, signal, kAt);
  task.expect(SYS_rt_sigaction, SIGUSR1, 0);
  task.expect(SYS_rt_sigaction, SIGUSR1, kNowhere);
  task.expect(SYS_rt_sigaction, SIGUSR1, kAt, 4);
  for (int signal = 1; signal <= SignalActions::kSignals; ++signal) CHECK(task.handler(signal) == 0);
  // The kernel looks at an int.
  task.expect(SYS_rt_sigaction, (std::int64_t{1} << 32) + SIGUSR1, kAt);
  CHECK(task.handler(SIGUSR1) == 0x1234);
}

TEST_CASE("which of our signals will be blocked is computed from the kernel's mask") {
  SignalTask task;
  task.task.mask = signal_bit(SIGTRAP);
  task.put(signal_bit(SIGSYS));
  const auto expect = [&](int how) {
    task.thread.blocked = {};
    task.expect(SYS_rt_sigprocmask, how, kAt);
    return std::pair(task.thread.blocked.has(SIGTRAP), task.thread.blocked.has(SIGSYS));
  };
  CHECK(expect(SIG_BLOCK) == std::pair(true, true));
  CHECK(expect(SIG_UNBLOCK) == std::pair(true, false));
  CHECK(expect(SIG_SETMASK) == std::pair(false, true));
  task.calls.take_back(task.thread);
  CHECK_FALSE(task.thread.blocked.has(SIGSYS));
  task.expect(SYS_rt_sigprocmask, SIG_SETMASK, kNowhere);
  task.expect(SYS_rt_sigprocmask, SIG_SETMASK, kAt, 4);
  CHECK_FALSE(task.thread.blocked.has(SIGSYS));
}

TEST_CASE("what we put back ourselves is seen where it is set") {
  const std::uint64_t own = signal_bit(SIGSYS) | signal_bit(SIGTRAP);
  if (SignalCalls::can_expect({}, {Abi::x86_64, SYS_rt_sigprocmask, {}}, own)) {
    const auto expected = [&](std::int64_t nr, std::uint64_t first) {
      return SignalCalls::can_expect({}, {Abi::x86_64, nr, {first}}, own);
    };
    CHECK(expected(SYS_rt_sigaction, SIGSEGV));
    for (const std::uint64_t none : {0, -1, 65, 1000}) CHECK(expected(SYS_rt_sigaction, none));
    CHECK(expected(SYS_rt_sigaction, SIGUSR1));
    CHECK_FALSE(expected(SYS_rt_sigaction, SIGSYS));
    CHECK_FALSE(expected(SYS_rt_sigaction, SIGTRAP));
    CHECK_FALSE(expected(SYS_getppid, SIGUSR1));
  }
  Thread filtered;
  filtered.filtered = true;
  CHECK_FALSE(SignalCalls::can_expect(filtered, {Abi::x86_64, SYS_rt_sigprocmask, {}}, own));
}
