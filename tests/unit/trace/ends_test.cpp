// Threads and processes that end, in the orders in which Linux lets a tracer hear of it.
#include <linux/sched.h>

#include "support/catch.hpp"
#include "support/scripted_session.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kSecond = kPid + 2;
constexpr pid_t kThird = kPid + 3;

}  // namespace

TEST_CASE("a leader that ends first is reported when its threads have ended") {
  ScriptedTracing traced;
  Task& thread = traced.kernel.unborn(kSecond).idles().calls("gettid", {}, 2).exits(5);
  traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).ends_thread();
  REQUIRE(traced.run());
  CHECK(traced.events.lines.back() == "1 exited 0");
  CHECK(std::ranges::count(traced.events.lines, "1 exit unfinished") == 1);
  CHECK(std::ranges::find(traced.events.lines, "1 exit unfinished") <
        std::ranges::find(traced.events.lines, "2 gettid = 2"));
}

TEST_CASE("the end of a process is each of its threads' end") {
  ScriptedTracing traced;
  Task& second = traced.kernel.unborn(kSecond).enters("pause");
  Task& third = traced.kernel.unborn(kThird).enters("futex");
  traced.kernel.spawned(kRoot).executes().clones(second, kThreadFlags).clones(third, kThreadFlags).exits(9);
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK(outcome->code == 9);
  for (const pid_t tid : {kRoot, kSecond, kThird}) {
    INFO("thread " << tid - kPid);
    CHECK(std::ranges::count(traced.events.of(tid), "exited 9") == 1);
  }
  CHECK(std::ranges::count(traced.events.lines, "2 pause unfinished") == 1);
}

TEST_CASE("whoever started the program is told its outcome though its children go on") {
  ScriptedTracing traced;
  Task& child = traced.kernel.unborn(kSecond).idles().calls("getpid", {}, 2).exits(7);
  traced.kernel.spawned(kRoot).executes().forks(child).exits(3);
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK(outcome->code == 3);
  CHECK(traced.events.of(kSecond).back() == "exited 7");
}

TEST_CASE("a process that is killed in the middle of a call of each thread ends each of them") {
  ScriptedTracing traced;
  Task& second = traced.kernel.unborn(kSecond).enters("pause");
  traced.kernel.spawned(kRoot).executes().clones(second, kThreadFlags).enters("pause");
  traced.stops.when_idle.push_back([&] { traced.kernel.kill_process(traced.kernel.task(kRoot)); });
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK(outcome->signaled);
  CHECK(traced.events.of(kSecond).back() == "killed by 9");
  CHECK(std::ranges::count(traced.events.lines, "2 pause unfinished") == 1);
  CHECK(std::ranges::count(traced.events.lines, "1 pause unfinished") == 1);
}

TEST_CASE("a core dump is reported with the signal") {
  ScriptedTracing traced;
  constexpr int kCore = 0x80;
  traced.kernel.spawned(kRoot).executes().gets(SIGSEGV, SEGV_MAPERR).is_killed(SIGSEGV | kCore);
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK(outcome->code == SIGSEGV);
  CHECK(traced.events.of(kRoot).back() == "killed by 11");
}

TEST_CASE("the end of a task that nobody knows is nobody's") {
  ScriptedTracing traced;
  Task& stranger = traced.kernel.spawned(kThird).idles();
  stranger.tgid = kThird;
  traced.kernel.spawned(kRoot).executes().calls("getpid", {}, 1).exits();
  traced.kernel.kill_process(stranger);
  REQUIRE(traced.run());
  CHECK(traced.events.of(kThird) == Lines{});
  CHECK(traced.events.of(kRoot).back() == "exited 0");
}

TEST_CASE("a thread that ends while its creator is in a call leaves the call alone") {
  ScriptedTracing traced;
  Task& thread = traced.kernel.unborn(kSecond).ends_thread();
  Task& root = traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags);
  root.enters("read").idles().uninterrupted();
  root.returns(10).exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 read = 10") == 1);
  CHECK(traced.engine.count("end 2") == 1);
}
