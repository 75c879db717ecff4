// Programs that are executed: by the leader, by other threads, in vfork's child.
#include <linux/sched.h>

#include "support/catch.hpp"
#include "support/scripted_session.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kThread = kPid + 2;
constexpr pid_t kOther = kPid + 3;

}  // namespace

TEST_CASE("a program executed by another thread goes on under the leader's number") {
  ScriptedTracing traced;
  Task& thread = traced.kernel.unborn(kThread).executes().calls("getpid", {}, 1).exits(6);
  traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).enters("pause");
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK(outcome->code == 6);
  const Lines lines = traced.events.of(kRoot);
  CHECK(std::ranges::count(lines, "executed by 2") == 1);
  CHECK(lines.back() == "exited 6");
  CHECK(std::ranges::count(lines, "getpid = 1") == 1);
}

TEST_CASE("the call of a leader that another thread's exec ends is unfinished, once") {
  ScriptedTracing traced;
  Task& thread = traced.kernel.unborn(kThread).idles().executes().exits();
  traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).enters("pause");
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 pause unfinished") == 1);
}

TEST_CASE("a thread that executes a program after its leader has ended takes its number") {
  ScriptedTracing traced;
  Task& thread = traced.kernel.unborn(kThread).idles().executes().exits(6);
  traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).ends_thread();
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK(outcome->code == 6);
  CHECK(std::ranges::count(traced.events.lines, "1 executed by 2") == 1);
  CHECK(std::ranges::count(traced.events.lines, "1 exit unfinished") == 1);
}

TEST_CASE("a third thread's end is reported before the exec that ends it") {
  ScriptedTracing traced;
  Task& other = traced.kernel.unborn(kOther).enters("pause");
  Task& thread = traced.kernel.unborn(kThread).idles().executes().exits(6);
  traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).clones(other, kThreadFlags).enters("pause");
  REQUIRE(traced.run());
  const auto end = std::ranges::find(traced.events.lines, "3 exited 0");
  REQUIRE(end != traced.events.lines.end());
  CHECK(end < std::ranges::find(traced.events.lines, "1 executed by 2"));
  CHECK(traced.events.of(kRoot).back() == "exited 6");
}

TEST_CASE("a thread whose end comes only after the exec that ended it is forgotten by then") {
  ScriptedTracing traced;
  Task& other = traced.kernel.unborn(kOther).enters("pause");
  other.rank = 1;
  Task& thread = traced.kernel.unborn(kThread).idles().executes().exits(6);
  traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).clones(other, kThreadFlags).enters("pause");
  REQUIRE(traced.run());
  CHECK(traced.engine.count("end 3") == 1);
  CHECK(traced.events.of(kRoot).back() == "exited 6");
}

TEST_CASE("an exec by a thread whose creator's event is still to come is one of its process") {
  ScriptedTracing traced;
  Task& thread = traced.kernel.unborn(kThread).executes().exits(6);
  thread.rank = -1;
  traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).enters("pause");
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK(outcome->code == 6);
}

TEST_CASE("a thread's calls under its former number and its later one are all reported") {
  ScriptedTracing traced;
  Task& thread = traced.kernel.unborn(kThread).calls("gettid", {}, 2).executes().calls("gettid", {}, 1).exits();
  traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).enters("pause");
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "2 gettid = 2") == 1);
  CHECK(std::ranges::count(traced.events.lines, "1 gettid = 1") == 1);
}

TEST_CASE("an engine learns of every thread's end that an exec brings, once") {
  ScriptedTracing traced;
  Task& other = traced.kernel.unborn(kOther).enters("pause");
  Task& thread = traced.kernel.unborn(kThread).idles().executes().exits();
  traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).clones(other, kThreadFlags).enters("pause");
  REQUIRE(traced.run());
  CHECK(traced.engine.count("end 2") == 1);
  CHECK(traced.engine.count("end 3") == 1);
  // Before its first program, before this one, and at the end of all.
  CHECK(traced.engine.count("end 1") == 3);
}

TEST_CASE("a vfork's child that executes a program and its creator do not share what follows") {
  for (const int rank : kOrders) {
    INFO("rank of the child " << rank);
    ScriptedTracing traced;
    Task& child = traced.kernel.unborn(kThread).executes().calls("getpid", {}, 2).exits(2);
    child.rank = rank;
    traced.kernel.spawned(kRoot).executes().vforks(child).calls("getpid", {}, 1).exits(1);
    const auto outcome = traced.run();
    REQUIRE(outcome);
    CHECK(outcome->code == 1);
    CHECK(std::ranges::count(traced.events.lines, "1 vfork = 5000002") == 1);
    CHECK(std::ranges::count(traced.events.lines, "2 getpid = 2") == 1);
  }
}

TEST_CASE("programs that are executed one after the other are each reported") {
  ScriptedTracing traced;
  traced.kernel.spawned(kRoot).executes().executes().executes().exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 executed") == 3);
  CHECK(std::ranges::count(traced.events.lines, "1 execve = 0") == 3);
}

TEST_CASE("an exec that fails changes nothing") {
  ScriptedTracing traced;
  traced.kernel.spawned(kRoot).executes().calls("execve", {}, -ENOENT).calls("getpid", {}, 1).exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 executed") == 1);
  CHECK(std::ranges::count(traced.events.lines, "1 execve = -2") == 1);
  CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
}

TEST_CASE("a program that dies at its exec's event is reported as executed and killed") {
  ScriptedTracing traced;
  traced.kernel.spawned(kRoot).executes().enters("execve").is_killed();
  REQUIRE(traced.run());
  CHECK(traced.events.of(kRoot).back() == "killed by 9");
  CHECK(std::ranges::count(traced.events.lines, "1 execve unfinished") == 1);
}
