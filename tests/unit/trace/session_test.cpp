// One process from its beginning to its end.
#include "support/catch.hpp"
#include "support/scripted_session.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

TEST_CASE("a program's calls are reported from its execve to its end") {
  ScriptedTracing traced;
  traced.kernel.spawned(kPid + 1).executes().calls("getpid", {}, 7).exits(3);
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->signaled);
  CHECK(outcome->code == 3);
  CHECK(traced.events.lines == Lines{"1 started, spawn of 0", "1 executed",
                                     "1 notice: this program has no vDSO: only its direct system calls are reported",
                                     "1 execve = 0", "1 getpid = 7", "1 exit_group unfinished", "1 exited 3"});
}

TEST_CASE("what a child does before its execve is not reported") {
  ScriptedTracing traced;
  traced.kernel.spawned(kPid + 1).calls("setregid").calls("read").executes().exits();
  REQUIRE(traced.run());
  CHECK(traced.events.lines.front() == "1 started, spawn of 0");
}

TEST_CASE("a program that cannot be executed is an error and reported as its launcher's end") {
  ScriptedTracing traced;
  traced.kernel.spawned(kPid + 1).calls("execve", {}, -ENOENT).exits(127);
  const auto outcome = traced.run();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message == "scripted: it ended before it could be run");
  CHECK(traced.events.lines == Lines{"1 execve = -2", "1 exited 127"});
}

TEST_CASE("a program that is killed gives its signal as outcome") {
  ScriptedTracing traced;
  traced.kernel.spawned(kPid + 1).executes().enters("pause").is_killed();
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK(outcome->signaled);
  CHECK(outcome->code == SIGKILL);
  CHECK(traced.events.of(kPid + 1).back() == "killed by 9");
}

TEST_CASE("a call in which a program is killed is reported as unfinished once") {
  ScriptedTracing traced;
  traced.kernel.spawned(kPid + 1).executes().enters("pause").is_killed();
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 pause unfinished") == 1);
}

TEST_CASE("no engine is installed where a vDSO is no image, and that is said") {
  ScriptedTracing traced;
  traced.kernel.vdso = std::vector<std::byte>(4096);
  traced.kernel.spawned(kPid + 1).executes().exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("install 1") == 0);
  CHECK(traced.events.lines.at(2) ==
        "1 notice: its vDSO cannot be found (it is no image of a kernel): calls of it are not reported, and system "
        "calls that it makes cannot be distinguished from others");
}
