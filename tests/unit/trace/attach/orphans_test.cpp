// Children whose creators died before they could report them.
#include <linux/sched.h>

#include "support/catch.hpp"
#include "support/scripted_session.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kOrphan = kPid + 2;

}  // namespace

TEST_CASE("a child whose creator was killed in between is observed in either order of their stops") {
  for (const int rank : kOrders) {
    INFO("rank of the child " << rank);
    ScriptedTracing traced;
    Task& child = traced.kernel.unborn(kOrphan).calls("getpid", {}, 2).exits(2);
    child.rank = rank;
    traced.kernel.spawned(kRoot).executes().dies_making(child, SIGCHLD);
    const auto outcome = traced.run();
    REQUIRE(outcome);
    CHECK(outcome->signaled);
    CHECK(traced.events.of(kOrphan) == Lines{"started, fork of 1", "getpid = 2", "exit_group unfinished", "exited 2"});
  }
}

TEST_CASE("a child whose creator was killed in between is detached clean where it is not followed") {
  ScriptedTracing traced;
  traced.options.follow = false;
  traced.engine.patches = true;
  traced.kernel.map_vdso(saved_image("6.1.0-50.x86_64"));
  Task& child = traced.kernel.unborn(kOrphan).idles().exits(2);
  traced.kernel.spawned(kRoot).executes().calls("getpid").dies_making(child, SIGCHLD);
  REQUIRE(traced.run());
  CHECK(traced.events.of(kOrphan) == Lines{});
  CHECK(child.detached_with == 0);
  const bool clean = child.memory->regions.at(kVdsoBase) == traced.kernel.vdso;
  CHECK(clean);
}

TEST_CASE("a child whose creator was killed in between has its creator's patches") {
  ScriptedTracing traced;
  traced.engine.patches = true;
  traced.kernel.map_vdso(saved_image("6.1.0-50.x86_64"));
  Task& grandchild = traced.kernel.unborn(kPid + 3);
  Task& child = traced.kernel.unborn(kOrphan).forks(grandchild).idles();
  traced.kernel.spawned(kRoot).executes().calls("getpid").dies_making(child, SIGCHLD);
  bool patched = false;
  traced.stops.when_idle.push_back([&] {
    patched = child.memory->regions.at(kVdsoBase) != traced.kernel.vdso;
    traced.kernel.kill_process(child);
    traced.kernel.kill_process(grandchild);
  });
  REQUIRE(traced.run());
  CHECK(patched);
  CHECK(std::ranges::count(traced.events.lines, "3 started, fork of 2") == 1);
}

TEST_CASE("a child that shares the memory of a creator that was killed is observed") {
  ScriptedTracing traced;
  Task& child = traced.kernel.unborn(kOrphan).calls("getpid", {}, 2).exits(2);
  traced.kernel.spawned(kRoot).executes().dies_making(child, CLONE_VM | CLONE_VFORK | SIGCHLD);
  REQUIRE(traced.run());
  CHECK(traced.events.of(kOrphan) == Lines{"started, vfork of 1", "getpid = 2", "exit_group unfinished", "exited 2"});
}

TEST_CASE("a child whose creator another thread's exec has ended is observed") {
  ScriptedTracing traced;
  Task& child = traced.kernel.unborn(kOrphan).calls("getpid", {}, 2).exits(2);
  Task& thread = traced.kernel.unborn(kPid + 3);
  thread.ends_making(child, SIGCHLD).rank = -1;
  Task& root = traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags);
  root.executes().calls("getpid", {}, 1).idles().exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "2 getpid = 2") == 1);
  CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
}

TEST_CASE("an orphan of which /proc does not say when it was born is observed") {
  ScriptedTracing traced;
  Task& child = traced.kernel.unborn(kOrphan).calls("getpid", {}, 2).exits(2);
  Task& root = traced.kernel.spawned(kRoot).executes().dies_making(child, SIGCHLD);
  root.rank = 1;
  traced.stops.on_take = [&](const TraceeStop&) { child.start_time.reset(); };
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "2 getpid = 2") == 1);
}

TEST_CASE("a child that is killed with its creator leaves nothing") {
  ScriptedTracing traced;
  Task& child = traced.kernel.unborn(kOrphan);
  traced.kernel.spawned(kRoot).executes().dies_making(child, SIGCHLD);
  traced.kernel.die_at(kOrphan, 1);
  REQUIRE(traced.run());
  CHECK_FALSE(traced.kernel.any_tracee());
}
