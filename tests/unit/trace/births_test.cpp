// Children: their creator's event and their own first stop come in any order.
#include <linux/sched.h>
#include <sys/ptrace.h>

#include "support/catch.hpp"
#include "support/scripted_session.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kChild = kPid + 2;

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

TEST_CASE("a child that is not followed is detached at its first stop in every order") {
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

TEST_CASE("three generations are reported in every order of their first stops") {
  constexpr int kRanks[][2] = {{-2, -1}, {-1, -2}, {-1, 1}, {1, -1}, {2, 1}};
  for (const auto& ranks : kRanks) {
    INFO("ranks " << ranks[0] << " and " << ranks[1]);
    ScriptedTracing traced;
    Task& grandchild = traced.kernel.unborn(kPid + 3).exits(3);
    Task& child = traced.kernel.unborn(kChild).forks(grandchild).exits(2);
    child.rank = ranks[0], grandchild.rank = ranks[1];
    traced.kernel.spawned(kRoot).executes().forks(child).exits(1);
    REQUIRE(traced.run());
    CHECK(traced.events.of(kPid + 3) == Lines{"started, fork of 2", "exit_group unfinished", "exited 3"});
    CHECK(traced.events.of(kChild).back() == "exited 2");
  }
}

TEST_CASE("an engine learns of a child before the child has run and once") {
  for (const int rank : kOrders) {
    ScriptedTracing traced;
    Task& child = traced.kernel.unborn(kChild).exits();
    child.rank = rank;
    traced.kernel.spawned(kRoot).executes().forks(child).exits();
    REQUIRE(traced.run());
    const auto told = std::ranges::find(traced.engine.asked, "clone 2");
    const auto ran = std::ranges::find(traced.engine.asked, "first stop 2");
    REQUIRE(told != traced.engine.asked.end());
    CHECK(told < ran);
    CHECK(traced.engine.count("clone 2") == 1);
    CHECK(traced.engine.count("end 2") == 1);
  }
}

TEST_CASE("a number that comes again is a new child's whatever became of the first") {
  ScriptedTracing traced;
  Task& first = traced.kernel.unborn(kChild).exits(1);
  Task& root = traced.kernel.spawned(kRoot).executes().forks(first).idles();
  Task& again = traced.kernel.reusing(first).exits(2);
  root.forks(again).exits();
  REQUIRE(traced.run());
  CHECK(traced.events.of(kChild) == Lines{"started, fork of 1", "exit_group unfinished", "exited 1",
                                          "started, fork of 1", "exit_group unfinished", "exited 2"});
}

TEST_CASE("a child is asked for by a clone with memory of its own and of its creator's") {
  struct Case {
    std::uint64_t flags;
    const char* how;
  };
  for (const Case& one : {Case{SIGCHLD, "fork"}, Case{CLONE_VM | SIGCHLD, "clone"},
                          Case{CLONE_VM | CLONE_VFORK, "vfork"}, Case{kThreadFlags, "thread"}}) {
    ScriptedTracing traced;
    Task& child = traced.kernel.unborn(kChild).ends_thread();
    traced.kernel.spawned(kRoot).executes().clones(child, one.flags).idles().exits();
    REQUIRE(traced.run());
    CHECK(traced.events.of(kChild).front() == std::string("started, ") + one.how + " of 1");
  }
}

TEST_CASE("a child that asks not to be traced is traced, and its creator sees the flag that it gave") {
  ScriptedTracing traced;
  Task& child = traced.kernel.unborn(kChild).exits(2);
  std::uint64_t flags_afterwards = 0;
  Task& root = traced.kernel.spawned(kRoot).executes().clones(child, CLONE_UNTRACED | SIGCHLD);
  root.does([&] { flags_afterwards = root.registers.rdi; }).exits();
  REQUIRE(traced.run());
  CHECK(traced.events.of(kChild).back() == "exited 2");
  CHECK(flags_afterwards == (CLONE_UNTRACED | SIGCHLD));
}

TEST_CASE("a thread of a program that is not followed is observed all the same") {
  ScriptedTracing traced;
  traced.options.follow = false;
  Task& thread = traced.kernel.unborn(kChild).calls("gettid", {}, 2).ends_thread();
  traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).idles().exits();
  REQUIRE(traced.run());
  CHECK(traced.events.of(kChild) == Lines{"started, thread of 1", "gettid = 2", "exit unfinished", "exited 0"});
}

TEST_CASE("a child in its creator's memory is kept in silence where it is not followed, until it executes a program") {
  ScriptedTracing traced;
  traced.options.follow = false;
  Task& child = traced.kernel.unborn(kChild).calls("close").executes();
  traced.kernel.spawned(kRoot).executes().vforks(child).exits();
  REQUIRE(traced.run());
  CHECK(traced.events.of(kChild) == Lines{});
  CHECK(child.detached_with == 0);
}

TEST_CASE("a child in its creator's memory is detached where it asks to be traced by others") {
  ScriptedTracing traced;
  traced.options.follow = false;
  Task& child = traced.kernel.unborn(kChild).calls("close").calls("ptrace", {PTRACE_TRACEME});
  traced.kernel.spawned(kRoot).executes().vforks(child).exits();
  std::size_t ends = 1;
  traced.stops.when_idle.push_back([&] {
    ends = traced.engine.count("end 2");
    child.memory = std::make_shared<ScriptedMemory>();  // it has executed a program, which nobody sees
  });
  REQUIRE(traced.run());
  CHECK(child.detached_with == 0);
  // Until its creator goes on, calls that are recorded in that memory are the child's.
  CHECK(ends == 0);
  CHECK(traced.engine.count("end 2") == 1);
  CHECK(traced.events.of(kChild) == Lines{});
}

TEST_CASE("a child in its creator's memory is kept where breakpoints are, whatever it asks for") {
  ScriptedTracing traced;
  traced.options.follow = false;
  traced.engine.has_traps = true;
  Task& child = traced.kernel.unborn(kChild).calls("ptrace", {PTRACE_TRACEME}, -EPERM);
  bool was_kept = false;
  child.does([&] { was_kept = child.seized; }).executes();
  traced.kernel.spawned(kRoot).executes().vforks(child).exits();
  REQUIRE(traced.run());
  CHECK(was_kept);
}

TEST_CASE("a creator that is killed at its event has reported its child") {
  for (const int rank : kOrders) {
    INFO("rank of the child " << rank);
    ScriptedTracing traced;
    Task& child = traced.kernel.unborn(kChild).exits(2);
    child.rank = rank;
    Task& root = traced.kernel.spawned(kRoot).executes().forks(child);
    root.is_killed();
    const auto outcome = traced.run();
    REQUIRE(outcome);
    CHECK(outcome->signaled);
    CHECK(traced.events.of(kChild) == Lines{"started, fork of 1", "exit_group unfinished", "exited 2"});
  }
}
