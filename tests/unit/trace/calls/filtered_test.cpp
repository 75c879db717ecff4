// Stops by seccomp filters: ours stands for a call's entry, a program's own is to be answered in its place.
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "os/tracing/seccomp_filter.hpp"
#include "support/catch.hpp"
#include "support/scripted_session.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kChild = kPid + 2;
constexpr unsigned kForeignCookie = 7;

/// Only these calls are asked for, so that a filter of ours picks them out.
void ask_for(ScriptedTracing& traced, const std::string& calls) {
  const std::string expression = "trace=" + calls;
  traced.needs.selection = *Selection::parse(std::span(&expression, 1));
  traced.needs.children = true;
}

/// A program of ours under the filter that it has put on itself before its execve.
Task& filtered_program(ScriptedTracing& traced) {
  return traced.kernel.spawned(kRoot).calls("prctl", {PR_SET_SECCOMP, SECCOMP_MODE_FILTER}).executes();
}

/// The program has set itself up: its calls stop no longer for that.
Task& set_up(Task& task) { return task.calls("arch_prctl", {0x1002, 0x1000}); }  // ARCH_SET_FS

}  // namespace

TEST_CASE("a call that our filter picks out is reported once, with its result") {
  ScriptedTracing traced;
  ask_for(traced, "openat");
  set_up(filtered_program(traced)).filtered("openat", {}, 5, kFilterCookie).exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 openat = 5") == 1);
}

TEST_CASE("a call that our filter lets pass does not stop once the program has set itself up") {
  ScriptedTracing traced;
  ask_for(traced, "openat");
  Task& root = set_up(filtered_program(traced)).does([] {}).calls("getpid", {}, 1);
  bool stopped = false;
  root.idles().exits();
  traced.stops.on_take = [&](const TraceeStop& stop) {
    stopped = stopped || (stop.status.kind() == WaitStatus::Kind::system_call && root.registers.orig_rax == 39);
  };
  REQUIRE(traced.run());
  CHECK_FALSE(stopped);
  CHECK(root.mode == Mode::cont);
}

TEST_CASE("all calls stop where the kernel has not taken our filter") {
  ScriptedTracing traced;
  ask_for(traced, "getpid");
  Task& root = traced.kernel.spawned(kRoot).calls("prctl", {PR_SET_SECCOMP, SECCOMP_MODE_FILTER}, -EINVAL).executes();
  set_up(root).calls("getpid", {}, 1).exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
  CHECK(root.mode == Mode::syscall);
}

TEST_CASE("a call that stops at its entry and at the filter is one call") {
  ScriptedTracing traced;
  ask_for(traced, "openat");
  // Before its thread pointer is set all calls stop.
  Task& root = filtered_program(traced).enters("openat");
  root.filtered("openat", {}, 5, kFilterCookie).exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 openat = 5") == 1);
}

TEST_CASE("a call that a filter of the program's own wants to have traced fails as without a tracer") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes().filtered("openat", {}, 5, kForeignCookie);
  std::int64_t seen = 0;
  root.does([&] { seen = static_cast<std::int64_t>(root.registers.rax); }).exits();
  REQUIRE(traced.run());
  CHECK(seen == -ENOSYS);
}

TEST_CASE("a filter that the program puts on itself makes all its calls stop") {
  ScriptedTracing traced;
  ask_for(traced, "openat");
  Task& root = set_up(filtered_program(traced));
  root.filtered("prctl", {PR_SET_SECCOMP, SECCOMP_MODE_FILTER}, 0, kFilterCookie).calls("openat", {}, 6).exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 openat = 6") == 1);
  CHECK(root.mode == Mode::syscall);
}

TEST_CASE("a filter that the program fails to put on itself changes nothing") {
  ScriptedTracing traced;
  ask_for(traced, "openat");
  Task& root = set_up(filtered_program(traced));
  root.filtered("prctl", {PR_SET_SECCOMP, SECCOMP_MODE_FILTER}, -EACCES, kFilterCookie).idles().exits();
  REQUIRE(traced.run());
  CHECK(root.mode == Mode::cont);
}

TEST_CASE("a child under our filter that is not followed is kept in silence until it ends") {
  ScriptedTracing traced;
  traced.options.follow = false;
  ask_for(traced, "openat");
  Task& child = traced.kernel.unborn(kChild).filtered("openat", {}, 5, kFilterCookie).exits(2);
  Task& root = set_up(filtered_program(traced));
  root.filtered("openat", {}, 4, kFilterCookie).forks(child).idles().exits();
  REQUIRE(traced.run());
  CHECK(traced.events.of(kChild) == Lines{});
  CHECK(child.detached_with == -1);
  CHECK(std::ranges::count(traced.events.lines, "1 openat = 4") == 1);
}

TEST_CASE("a stop by a filter whose program is gone does no harm") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes();
  root.does([&] { traced.kernel.die_at(kRoot, traced.kernel.requests_of(kRoot) + 1); });
  root.filtered("openat", {}, 5, kFilterCookie).exits();
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK(outcome->signaled);
  CHECK(std::ranges::count(traced.events.lines, "1 openat = 5") == 0);
}
