#include "os/waiter.hpp"

#include <sys/ptrace.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <vector>

#include "os/ptrace.hpp"
#include "support/catch.hpp"

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
