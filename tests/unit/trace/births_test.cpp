// Children: their creator's event and their own first stop come in any order.
#include <linux/sched.h>

#include "support/catch.hpp"
#include "support/scripted_session.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
constexpr pid_t kRoot = kPid + 1;
constexpr pid_t kChild = kPid + 2;

/// Whose stop is given out first.
constexpr int kOrders[] = {-1, 0, 1};

}  // namespace

TEST_CASE("a forked child is reported whether its stop or its creator's event comes first") {
  for (const int rank : kOrders) {
    INFO("rank of the child " << rank);
    ScriptedTracing traced;
    Task& child = traced.kernel.unborn(kChild).calls("getpid", {}, 2).exits(4);
    child.rank = rank;
    traced.kernel.spawned(kRoot).executes().forks(child).calls("wait4", {}, 2).exits();
    REQUIRE(traced.run());
    CHECK(traced.events.of(kChild) == Lines{"started, fork of 1", "getpid = 2", "exit_group unfinished", "exited 4"});
    CHECK(traced.events.of(kRoot).back() == "exited 0");
  }
}

TEST_CASE("a new thread belongs to its creator's process whichever stop comes first") {
  for (const int rank : kOrders) {
    INFO("rank of the thread " << rank);
    ScriptedTracing traced;
    Task& thread = traced.kernel.unborn(kChild).calls("gettid", {}, 2).ends_thread();
    thread.rank = rank;
    traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).idles().exits();
    REQUIRE(traced.run());
    CHECK(traced.events.of(kChild) == Lines{"started, thread of 1", "gettid = 2", "exit unfinished", "exited 0"});
  }
}

TEST_CASE("a vfork's child runs while its creator sleeps") {
  for (const int rank : kOrders) {
    INFO("rank of the child " << rank);
    ScriptedTracing traced;
    Task& child = traced.kernel.unborn(kChild).calls("close").executes().exits(5);
    child.rank = rank;
    traced.kernel.spawned(kRoot).executes().vforks(child).exits();
    REQUIRE(traced.run());
    CHECK(traced.events.of(kChild) ==
          Lines{"started, vfork of 1", "close = 0", "executed",
                "notice: this program has no vDSO: only its direct system calls are reported", "execve = 0",
                "exit_group unfinished", "exited 5"});
  }
}

TEST_CASE("a child that ended before its creator's event is reported with its end") {
  ScriptedTracing traced;
  Task& child = traced.kernel.unborn(kChild);
  child.rank = -1;
  // Nothing but its end is left by the time that its creator speaks.
  traced.kernel.spawned(kRoot).executes().forks(child).exits();
  traced.kernel.die_at(kChild, 1);
  REQUIRE(traced.run());
  CHECK(traced.events.of(kChild) == Lines{"started, fork of 1", "killed by 9"});
}

TEST_CASE("a child that is not followed is let go at its first stop in every order") {
  for (const int rank : kOrders) {
    INFO("rank of the child " << rank);
    ScriptedTracing traced;
    traced.options.follow = false;
    Task& child = traced.kernel.unborn(kChild).exits();
    child.rank = rank;
    traced.kernel.spawned(kRoot).executes().forks(child).exits();
    REQUIRE(traced.run());
    CHECK(traced.events.of(kChild) == Lines{});
    CHECK(child.detached_with == 0);
  }
}
