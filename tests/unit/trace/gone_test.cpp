// Whoever is traced can be killed at any moment: a request of ptrace(2) that finds it gone, whichever it is, does no
// harm.
#include <linux/sched.h>

#include "support/catch.hpp"
#include "support/scripted_session.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kSecondThread = kPid + 2;

using Script = std::function<void(ScriptedTracing&)>;

/// How many requests the task gets if nobody dies.
int requests_without_death(const Script& script, pid_t tid) {
  ScriptedTracing traced;
  script(traced);
  REQUIRE(traced.run());
  return traced.kernel.requests_of(tid);
}

/// Runs it again and again, each time with that task dying at another request.
void die_at_each_request(const Script& script, pid_t doomed) {
  const int most = requests_without_death(script, doomed);
  CHECK(most > 3);
  for (int request = 1; request <= most; ++request) {
    INFO("dies at request " << request << " of " << most);
    ScriptedTracing traced;
    script(traced);
    traced.kernel.die_at(doomed, request);
    const auto outcome = traced.run();
    // Before its execve an end is a failure to launch.
    if (outcome && doomed == kRoot) CHECK(outcome->signaled);
    const Lines lines = traced.events.of(doomed);
    const auto is_end = [](const std::string& line) {
      return line.starts_with("killed") || line.starts_with("exited");
    };
    CHECK(std::ranges::count_if(lines, is_end) <= 1);
    CHECK(traced.kernel.any_tracee() == false);
    CHECK((outcome || lines.back() == "killed by 9"));
  }
}

}  // namespace

TEST_CASE("a program may die at every request between its execve and its end") {
  die_at_each_request(
      [](ScriptedTracing& traced) {
        traced.kernel.spawned(kRoot).executes().calls("getpid", {}, 1).enters("pause").is_killed();
      },
      kRoot);
}

TEST_CASE("a program may die at every request about its signals") {
  die_at_each_request(
      [](ScriptedTracing& traced) {
        traced.kernel.spawned(kRoot)
            .executes()
            .gets(SIGUSR1)
            .gets(SIGTRAP, SI_KERNEL)
            .gets(SIGTRAP, TRAP_TRACE)
            .is_killed();
      },
      kRoot);
}

TEST_CASE("a program may die at every request about its signal mask and actions") {
  die_at_each_request(
      [](ScriptedTracing& traced) {
        traced.kernel.spawned(kRoot)
            .executes()
            .calls("rt_sigprocmask", {SIG_BLOCK, kCode, 0, 8})
            .calls("rt_sigaction", {SIGTRAP, kCode, 0, 8})
            .calls("rt_sigreturn")
            .is_killed();
      },
      kRoot);
}

TEST_CASE("a program may die at every request while it makes children") {
  die_at_each_request(
      [](ScriptedTracing& traced) {
        Task& thread = traced.kernel.unborn(kPid + 3).ends_thread();
        traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).calls("getpid").is_killed();
      },
      kRoot);
}

TEST_CASE("a child may die at every request whichever stop comes first") {
  for (const int rank : {-1, 0, 1}) {
    INFO("rank of the child " << rank);
    die_at_each_request(
        [rank](ScriptedTracing& traced) {
          Task& child = traced.kernel.unborn(kSecondThread).calls("getpid", {}, 2).executes().exits();
          child.rank = rank;
          traced.kernel.spawned(kRoot).executes().forks(child).calls("getpid", {}, 1).is_killed();
        },
        kSecondThread);
  }
}

TEST_CASE("a child of vfork may die at every request and its creator goes on") {
  die_at_each_request(
      [](ScriptedTracing& traced) {
        Task& child = traced.kernel.unborn(kSecondThread).calls("close").executes().exits();
        traced.kernel.spawned(kRoot).executes().vforks(child).calls("getpid", {}, 1).is_killed();
      },
      kSecondThread);
}

TEST_CASE("a child that is detached may die at every request before that") {
  die_at_each_request(
      [](ScriptedTracing& traced) {
        traced.options.follow = false;
        Task& child = traced.kernel.unborn(kSecondThread).calls("close").executes().exits();
        traced.kernel.spawned(kRoot).executes().vforks(child).calls("getpid", {}, 1).is_killed();
      },
      kSecondThread);
}

TEST_CASE("a program may die at every request with a vDSO that is patched and put back") {
  const auto image = saved_image("6.1.0-50.x86_64");
  die_at_each_request(
      [&](ScriptedTracing& traced) {
        traced.engine.patches = true;
        traced.kernel.map_vdso(image);
        traced.kernel.spawned(kRoot)
            .executes()
            .calls("mremap", {kVdsoBase, image.size(), image.size(), 3, kVdsoBase}, kVdsoBase)
            .calls("munmap", {kVdsoBase, image.size()})
            .is_killed();
      },
      kRoot);
}

TEST_CASE("a program may die at every request in a group-stop") {
  die_at_each_request(
      [](ScriptedTracing& traced) {
        Task& root = traced.kernel.spawned(kRoot).executes().gets(SIGSTOP).stops_with_group(SIGSTOP);
        root.is_killed();
        traced.stops.when_idle.push_back([&] { traced.kernel.wake(root); });
      },
      kRoot);
}

TEST_CASE("a thread may die with its process at every request while its leader executes a program") {
  die_at_each_request(
      [](ScriptedTracing& traced) {
        Task& thread = traced.kernel.unborn(kSecondThread).idles().executes().exits();
        traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags).enters("pause");
      },
      kSecondThread);
}
