#include "os/tracing/waiter.hpp"

#include <sys/ptrace.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <vector>

#include "os/tracing/ptrace.hpp"
#include "support/catch.hpp"
#include "support/scripted_kernel.hpp"

using namespace vdsotrace;

namespace {

constexpr int kStops = 5;

/// A tracee of ours that stops so often and ends.
pid_t start_tracee() {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  for (int i = 0; i < kStops; ++i) ::raise(SIGUSR1);
  ::_exit(0);
}

}  // namespace

TEST_CASE("every stop is given out once whoever was looked for before") {
  OwnSignals signals;
  Waiter waiter(signals);
  std::vector<pid_t> tracees(50);
  for (pid_t& tracee : tracees) tracee = start_tracee();
  std::map<pid_t, int> stops, ends;
  for (int given = 0;; ++given) {
    if (given % 20 == 0) waiter.look_for(tracees);
    const WaitResult result = waiter.next([] { return std::nullopt; });
    const auto* stop = std::get_if<TraceeStop>(&result);
    if (stop == nullptr) break;
    if (stop->status.ended()) {
      ++ends[stop->tid];
    } else {
      ++stops[stop->tid];
      ptrace::resume(stop->tid, 0);
    }
  }
  for (const pid_t tracee : tracees) {
    CHECK(stops[tracee] == kStops);
    CHECK(ends[tracee] == 1);
  }
}

TEST_CASE("whether anybody is traced does not depend on children that are not") {
  const pid_t plain = ::fork();
  if (plain == 0) ::_exit(0);
  CHECK_FALSE(ptrace::any_tracee());
  const pid_t tracee = start_tracee();
  ::waitpid(tracee, nullptr, __WALL);
  CHECK(ptrace::any_tracee());
  ::kill(tracee, SIGKILL);
  ::waitpid(tracee, nullptr, __WALL);
  CHECK_FALSE(ptrace::any_tracee());
  ::waitpid(plain, nullptr, 0);
}

TEST_CASE("a thread that stops without end does not keep the others' stops back") {
  testing::ScriptedKernel kernel;
  const KernelInstead instead(kernel);
  // The kernel favours it: whoever asks for any stop is given its own.
  testing::Task& storm = kernel.spawned(testing::kPid + 1);
  storm.rank = -1;
  for (int i = 0; i < 1000; ++i) storm.gets(SIGUSR1);
  std::vector<testing::Task*> others;
  for (pid_t tid = testing::kPid + 2; tid < testing::kPid + 12; ++tid)
    others.push_back(&kernel.spawned(tid).gets(SIGUSR2));
  ptrace::interrupt(storm.tid);
  for (const testing::Task* other : others) ptrace::interrupt(other->tid);
  OwnSignals signals;
  Waiter waiter(signals);
  std::size_t heard = 0;
  int given = 0;
  while (heard < others.size() && given < 100) {
    const WaitResult result = waiter.next([] { return std::nullopt; });
    const auto* stop = std::get_if<TraceeStop>(&result);
    REQUIRE(stop != nullptr);
    ++given;
    if (stop->tid == storm.tid)
      ptrace::resume(storm.tid, 0);
    else
      ++heard;
  }
  CHECK(heard == others.size());
  CHECK(given < 40);
}

TEST_CASE("where many have stopped, those that are known are asked for by their numbers") {
  testing::ScriptedKernel kernel;
  const KernelInstead instead(kernel);
  constexpr int kTracees = 100;
  std::vector<pid_t> tids(kTracees);
  for (int i = 0; i < kTracees; ++i) tids[i] = kernel.spawned(testing::kPid + 1 + i).gets(SIGUSR2).gets(SIGUSR2).tid;
  for (const pid_t tid : tids) ptrace::interrupt(tid);
  OwnSignals signals;
  Waiter waiter(signals);
  for (const bool known : {false, true}) {
    kernel.waits_for_any = 0;
    std::map<pid_t, int> stops;
    for (int i = 0; i < kTracees; ++i) {
      const WaitResult result = waiter.next([] { return std::nullopt; });
      REQUIRE(std::holds_alternative<TraceeStop>(result));
      ++stops[std::get<TraceeStop>(result).tid];
    }
    CHECK(stops.size() == kTracees);
    if (known) CHECK(kernel.waits_for_any < kTracees / 2);
    for (const pid_t tid : tids) ptrace::resume(tid, 0);
  }
}

TEST_CASE("nobody is left to wait for when all tracees have been") {
  testing::ScriptedKernel kernel;
  const KernelInstead instead(kernel);
  kernel.kill_process(kernel.spawned(testing::kPid + 1));
  OwnSignals signals;
  Waiter waiter(signals);
  const WaitResult end = waiter.next([] { return std::nullopt; });
  REQUIRE(std::get_if<TraceeStop>(&end) != nullptr);
  CHECK(std::get<TraceeStop>(end).status.ended());
  CHECK(waiter.stops() == 0);
  CHECK(std::holds_alternative<NoneLeft>(waiter.next([] { return std::nullopt; })));
}

TEST_CASE("a thread that has stopped for SIGTRAP is looked at before its stop is waited for") {
  testing::ScriptedKernel kernel;
  const KernelInstead instead(kernel);
  testing::Task& task = kernel.spawned(testing::kPid + 1).gets(SIGUSR1).gets(SIGTRAP).gets(SIGTRAP);
  OwnSignals signals;
  Waiter waiter(signals);
  int still_waiting = 0;
  waiter.set_before_trap([&](pid_t tid) {
    siginfo_t info{};
    CHECK(kernel.waitid(P_PID, static_cast<id_t>(tid), info, WSTOPPED | WNOWAIT | WNOHANG | __WALL) == 0);
    still_waiting += info.si_pid == task.tid ? 1 : 0;
  });
  ptrace::interrupt(task.tid);
  std::vector<int> given;
  // The interruption, and three signals.
  for (int i = 0; i < 4; ++i) {
    const WaitResult result = waiter.next([] { return std::nullopt; });
    const auto* stop = std::get_if<TraceeStop>(&result);
    REQUIRE(stop != nullptr);
    if (stop->status.kind() == WaitStatus::Kind::signal) given.push_back(stop->status.signal());
    ptrace::resume(task.tid, 0);
  }
  CHECK(given == std::vector<int>{SIGUSR1, SIGTRAP, SIGTRAP});
  CHECK(still_waiting == 2);
}
