// Leaving processes as they were, from whatever they are in the middle of.
#include <linux/sched.h>

#include "support/catch.hpp"
#include "support/scripted_session.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kDetached = kPid + 1;
constexpr pid_t kDetachedThread = kPid + 2;
constexpr pid_t kChild = kPid + 3;
constexpr std::int64_t kDetachTime = 1'000'000;

/// A process with a vDSO that the engine has patched.
struct Patched : ScriptedTracing {
  Patched() {
    engine.patches = true;
    kernel.map_vdso(saved_image("6.1.0-50.x86_64"));
  }
  bool is_clean(Task& task) { return task.memory->regions.at(kVdsoBase) == kernel.vdso; }
};

}  // namespace

TEST_CASE("a process is detached with its vDSO as it was when the time is over") {
  Patched traced;
  Task& process = traced.kernel.process(kDetached).calls("getpid", {}, 1).idles();
  bool patched = false;
  traced.stops.on_take = [&](const TraceeStop&) { patched = patched || !traced.is_clean(process); };
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK(patched);
  CHECK(traced.is_clean(process));
  CHECK(process.detached_with == 0);
  CHECK(traced.events.of(kDetached).back() == "detached");
}

TEST_CASE("all threads are stopped and out of the engine's memory before the first is detached") {
  Patched traced;
  Task& leader = traced.kernel.process(kDetached);
  Task& thread = traced.kernel.thread(kDetachedThread, leader);
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK(leader.detached_with == 0);
  CHECK(thread.detached_with == 0);
  const auto& asked = traced.engine.asked;
  const auto removed = std::ranges::find_if(asked, [](const auto& line) { return line.starts_with("remove"); });
  REQUIRE(removed != asked.end());
  CHECK(std::ranges::find(asked, "vacate 1") < removed);
  CHECK(std::ranges::find(asked, "vacate 2") < removed);
}

TEST_CASE("a thread that is in the middle of a function is let run on and stopped again") {
  Patched traced;
  traced.engine.vacates_after = 3;
  Task& process = traced.kernel.process(kDetached);
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK(traced.engine.count("vacate 1") == 4);
  CHECK(traced.is_clean(process));
  CHECK(process.detached_with == 0);
}

TEST_CASE("a process in a call is detached from it") {
  Patched traced;
  Task& process = traced.kernel.process(kDetached).enters("pause").idles();
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK(process.detached_with == 0);
  CHECK(traced.is_clean(process));
}

TEST_CASE("a process whose call the kernel begins again is detached from the end of that call") {
  constexpr std::int64_t kRestart = -516;
  for (const bool in_vdso : {false, true}) {
    INFO("in the vDSO " << in_vdso);
    Patched traced;
    Task& process = traced.kernel.process(kDetached);
    bool went_on = false;
    if (in_vdso) process.goes_to(kVdsoBase + 0x100);
    process.enters("pause").when_leaving().uninterrupted().returns(kRestart).does([&] { went_on = true; });
    REQUIRE(traced.seize({kDetached}));
    traced.run_attached(kDetachTime);
    // Who is in our code has to leave it before.
    CHECK(went_on == in_vdso);
    CHECK(process.detached_with == 0);
    CHECK(traced.is_clean(process));
    CHECK(traced.kernel.wrong_requests.empty());
  }
}

TEST_CASE("a signal that comes while we leave is delivered") {
  for (const int signal : {SIGUSR1, SIGTERM, SIGSTOP}) {
    INFO("signal " << signal);
    Patched traced;
    Task& process = traced.kernel.process(kDetached).when_leaving().gets(signal);
    REQUIRE(traced.seize({kDetached}));
    traced.run_attached(kDetachTime);
    const bool delivered = process.delivered == std::vector<int>{signal};
    CHECK((delivered || process.detached_with == signal));
    CHECK(std::ranges::count(traced.events.lines, "1 signal " + std::to_string(signal)) == 1);
    CHECK(traced.is_clean(process));
  }
}

TEST_CASE("a process that is stopped is detached stopped") {
  Patched traced;
  Task& process = traced.kernel.process(kDetached).stops_with_group(SIGSTOP);
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK_FALSE(process.seized);
  CHECK(process.group_signal == SIGSTOP);
  CHECK(traced.is_clean(process));
}

TEST_CASE("a child that is born while we leave is detached clean in every order") {
  for (const int rank : {-1, 0, 1}) {
    INFO("rank of the child " << rank);
    Patched traced;
    Task& child = traced.kernel.unborn(kChild);
    child.rank = rank;
    Task& process = traced.kernel.process(kDetached);
    process.when_leaving().makes(child, SIGCHLD);
    REQUIRE(traced.seize({kDetached}));
    traced.run_attached(kDetachTime);
    REQUIRE(child.born);
    CHECK_FALSE(child.seized);
    CHECK_FALSE(process.seized);
    CHECK(traced.is_clean(child));
    CHECK(traced.is_clean(process));
  }
}

TEST_CASE("a thread that is born while we leave is detached") {
  for (const int rank : {-1, 0, 1}) {
    INFO("rank of the thread " << rank);
    Patched traced;
    Task& thread = traced.kernel.unborn(kDetachedThread);
    thread.rank = rank;
    Task& process = traced.kernel.process(kDetached);
    process.when_leaving().makes(thread, kThreadFlags);
    REQUIRE(traced.seize({kDetached}));
    traced.run_attached(kDetachTime);
    CHECK_FALSE(thread.seized);
    CHECK_FALSE(process.seized);
    CHECK(traced.is_clean(process));
  }
}

TEST_CASE("a program that is executed while we leave is detached") {
  Patched traced;
  Task& process = traced.kernel.process(kDetached);
  process.when_leaving().executes();
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK_FALSE(process.seized);
  CHECK(traced.is_clean(process));
}

TEST_CASE("a thread that ends while we leave is no obstacle") {
  Patched traced;
  Task& leader = traced.kernel.process(kDetached);
  Task& thread = traced.kernel.thread(kDetachedThread, leader);
  thread.when_leaving().ends_thread();
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK_FALSE(leader.seized);
  CHECK(traced.is_clean(leader));
}

TEST_CASE("a process that dies at any request of ours while we come and go is no obstacle to another") {
  int most = 0;
  for (int request = 0; request <= most; ++request) {
    INFO("dies at request " << request);
    Patched traced;
    Task& doomed = traced.kernel.process(kDetached).calls("getpid", {}, 1);
    Task& other = traced.kernel.process(kChild).calls("getpid", {}, 3);
    if (request > 0) traced.kernel.die_at(kDetached, request);
    if (!traced.seize({kDetached, kChild})) {
      CHECK_FALSE(other.seized);
      continue;
    }
    traced.run_attached(kDetachTime);
    if (request == 0) most = traced.kernel.requests_of(kDetached);
    CHECK(other.detached_with == 0);
    CHECK(traced.is_clean(other));
    CHECK((request == 0 || doomed.ended));
  }
  CHECK(most > 10);
}

TEST_CASE("the parent of a vfork is not waited for where its child, which is held, keeps it asleep") {
  Patched traced;
  Task& child = traced.kernel.unborn(kChild);
  Task& process = traced.kernel.process(kDetached).vforks(child);
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK(child.detached_with == 0);
  CHECK(traced.is_clean(process));
  CHECK(traced.events.of(kDetached).back() == "detached");
  // The kernel lets go of it when we end.
  CHECK(process.seized);
}

TEST_CASE("a leader that has ended before its threads is detached with them") {
  Patched traced;
  Task& leader = traced.kernel.process(kDetached).ends_thread();
  Task& thread = traced.kernel.thread(kDetachedThread, leader).idles();
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK(thread.detached_with == 0);
  CHECK(traced.is_clean(thread));
}

TEST_CASE("a vDSO that cannot be put back keeps its process traced") {
  Patched traced;
  traced.engine.removes = false;
  Task& process = traced.kernel.process(kDetached).idles().calls("getpid", {}, 1).exits();
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK(process.detached_with == -1);
  CHECK(process.ended);
}

TEST_CASE("a signal to us ends what we have attached to") {
  Patched traced;
  Task& process = traced.kernel.process(kDetached);
  REQUIRE(traced.seize({kDetached}));
  traced.stops.own_signals.push_back({SIGTERM, false});
  traced.run_attached();
  CHECK(process.detached_with == 0);
  CHECK(process.delivered.empty());
  CHECK(traced.is_clean(process));
}

TEST_CASE("a breakpoint's trap that follows our interruption is met before the process is detached") {
  Patched traced;
  traced.engine.takes_traps = true;
  Task& process = traced.kernel.process(kDetached);
  process.does([&] { process.trap_queued = false; });
  process.gets(trap(SI_KERNEL)).uninterrupted();
  REQUIRE(traced.seize({kDetached}));
  traced.run_attached(kDetachTime);
  CHECK(traced.engine.count("trap 1") == 1);
  CHECK(process.delivered.empty());
  CHECK(process.detached_with == 0);
}

TEST_CASE("everything is put back before an abort") {
  Patched traced;
  Task& process = traced.kernel.process(kDetached).idles();
  REQUIRE(traced.seize({kDetached}));
  bool clean = false;
  traced.stops.when_idle.push_back([&] {
    traced.session(false).undo_patches();
    clean = traced.is_clean(process);
    traced.kernel.kill_process(process);
  });
  traced.run_attached();
  CHECK(clean);
}
