// Calls through the legacy vsyscall page: a filter's stop before them, an interruption behind.
#include "os/tracing/seccomp_filter.hpp"
#include "support/catch.hpp"
#include "support/scripted_session.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {}  // namespace

TEST_CASE("a call through the vsyscall page is reported with what it returned") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes().goes_to(arch::kVsyscallPage + 0x400);
  root.calls_page("time", {}, 1234, kCode, kFilterCookie).calls("getpid", {}, 1).exits();
  REQUIRE(traced.run());
  const Lines lines = traced.events.of(kRoot);
  const auto call = std::ranges::find(lines, "time[vsyscall] = 1234");
  REQUIRE(call != lines.end());
  CHECK(*(call + 1) == "getpid = 1");
}

TEST_CASE("a call through the vsyscall page that faults there is unfinished") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes().goes_to(arch::kVsyscallPage);
  root.calls_page("gettimeofday", {1, 0}, 0, arch::kVsyscallPage, kFilterCookie)
      .gets(SIGSEGV, SEGV_MAPERR)
      .is_killed(SIGSEGV);
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 gettimeofday[vsyscall] unfinished") == 1);
  CHECK(root.delivered == std::vector<int>{SIGSEGV});
}

TEST_CASE("a program that is killed in a call through the vsyscall page leaves it unfinished") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes().goes_to(arch::kVsyscallPage);
  root.calls_page("gettimeofday", {0, 0}, 0, arch::kVsyscallPage, kFilterCookie).is_killed();
  // Whether the interruption or its death comes first.
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 gettimeofday[vsyscall] unfinished") == 1);
  CHECK(traced.events.of(kRoot).back() == "killed by 9");
}
