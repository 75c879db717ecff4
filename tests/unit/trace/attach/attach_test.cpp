// Coming to processes that already run.
#include "support/catch.hpp"
#include "support/scripted_session.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kProcess = kPid + 1;
constexpr pid_t kThread = kPid + 2;
constexpr pid_t kOther = kPid + 3;
constexpr std::int64_t kSomeTime = 1'000'000;

}  // namespace

TEST_CASE("a process that runs is observed until it ends") {
  ScriptedTracing traced;
  traced.kernel.process(kProcess).calls("getpid", {}, 1).exits(2);
  REQUIRE(traced.seize({kProcess}));
  traced.run_attached();
  CHECK(traced.events.of(kProcess) == Lines{"started, attach of 0",
                                            "notice: this program has no vDSO: only its direct "
                                            "system calls are reported",
                                            "getpid = 1", "exit_group unfinished", "exited 2"});
}

TEST_CASE("every thread of a process is attached to, by the number of any of them") {
  for (const pid_t given : {kProcess, kThread}) {
    ScriptedTracing traced;
    Task& leader = traced.kernel.process(kProcess).calls("getpid", {}, 1).idles().exits();
    traced.kernel.thread(kThread, leader).calls("gettid", {}, 2);
    REQUIRE(traced.seize({given}));
    traced.run_attached();
    CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
    CHECK(std::ranges::count(traced.events.lines, "2 gettid = 2") == 1);
    CHECK(traced.events.of(kThread).front() == "started, attach of 0");
  }
}

TEST_CASE("the end of a call that began before we came is not reported") {
  ScriptedTracing traced;
  Task& process = traced.kernel.process(kProcess);
  process.returns(5).calls("getpid", {}, 1).exits();
  REQUIRE(traced.seize({kProcess}));
  traced.run_attached();
  CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
  CHECK(std::ranges::none_of(traced.events.lines, [](const auto& line) { return line.ends_with("= 5"); }));
}

TEST_CASE("a process that does not exist is refused") {
  ScriptedTracing traced;
  const auto refused = traced.seize({kProcess});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "cannot attach to process 5000001: No such process");
}

TEST_CASE("a process that is traced already is refused with its tracer") {
  ScriptedTracing traced;
  traced.kernel.process(kProcess).tracer = kOther;
  const auto refused = traced.seize({kProcess});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.starts_with("cannot attach to process 5000001: "));
  CHECK(refused.error().message.find("5000003") != std::string::npos);
  CHECK(traced.kernel.requests_of(kProcess) == 0);
}

TEST_CASE("a zombie is refused") {
  ScriptedTracing traced;
  Task& process = traced.kernel.process(kProcess);
  process.ended = true;
  const auto refused = traced.seize({kProcess});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "cannot attach to process 5000001: it has ended (zombie)");
}

TEST_CASE("a refusal of one process lets go of all that were seized before") {
  ScriptedTracing traced;
  Task& first = traced.kernel.process(kProcess).calls("getpid", {}, 1);
  Task& thread = traced.kernel.thread(kThread, first);
  traced.kernel.process(kOther);
  traced.kernel.refused[kOther] = EPERM;
  CHECK_FALSE(traced.seize({kProcess, kOther}));
  CHECK(first.detached_with == 0);
  CHECK(thread.detached_with == 0);
  CHECK(traced.kernel.wrong_requests == Lines{});
}

TEST_CASE("a refusal of one thread lets go of its siblings") {
  ScriptedTracing traced;
  Task& leader = traced.kernel.process(kProcess);
  traced.kernel.thread(kThread, leader);
  traced.kernel.refused[kThread] = EPERM;
  CHECK_FALSE(traced.seize({kProcess}));
  CHECK(leader.detached_with == 0);
}

TEST_CASE("a thread that ends before it can be seized is left out") {
  ScriptedTracing traced;
  Task& leader = traced.kernel.process(kProcess).calls("getpid", {}, 1).exits();
  traced.kernel.thread(kThread, leader);
  traced.kernel.die_alone_at(kThread, 1);
  REQUIRE(traced.seize({kProcess}));
  traced.run_attached();
  CHECK(traced.events.of(kThread) == Lines{});
  CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
}

TEST_CASE("a process that ends while it is seized is no error of the others") {
  for (const int request : {1, 2}) {
    INFO("request " << request);
    ScriptedTracing traced;
    traced.kernel.process(kProcess).calls("getpid", {}, 1).exits();
    traced.kernel.process(kOther);
    traced.kernel.die_at(kOther, request);
    if (!traced.seize({kProcess, kOther})) {
      CHECK(traced.kernel.task(kProcess).detached_with == 0);
      continue;
    }
    traced.run_attached();
    CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
  }
}

TEST_CASE("an engine is installed once for a process, with all its threads stopped") {
  ScriptedTracing traced;
  traced.kernel.map_vdso(saved_image("6.1.0-50.x86_64"));
  Task& leader = traced.kernel.process(kProcess).exits();
  traced.kernel.thread(kThread, leader);
  REQUIRE(traced.seize({kProcess}));
  traced.run_attached();
  CHECK(traced.engine.count("install 1") + traced.engine.count("install 2") == 1);
  CHECK(traced.engine.count("attach 1") + traced.engine.count("attach 2") == 1);
}

TEST_CASE("what another of us has left is undone before an engine is installed") {
  ScriptedTracing traced;
  traced.kernel.map_vdso(saved_image("6.1.0-50.x86_64"));
  traced.kernel.process(kProcess).exits();
  REQUIRE(traced.seize({kProcess}));
  traced.run_attached();
  const auto undone = std::ranges::find(traced.engine.asked, "undo leftovers 1");
  REQUIRE(undone != traced.engine.asked.end());
  CHECK(undone < std::ranges::find(traced.engine.asked, "install 1"));
}

TEST_CASE("a signal that is pending when we come reaches the program") {
  ScriptedTracing traced;
  Task& process = traced.kernel.process(kProcess).gets(SIGUSR1).uninterrupted().calls("getpid", {}, 1).exits();
  REQUIRE(traced.seize({kProcess}));
  traced.run_attached();
  CHECK(process.delivered == std::vector<int>{SIGUSR1});
  CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
}

TEST_CASE("a process that is stopped when we come stays stopped until its group goes on") {
  ScriptedTracing traced;
  Task& process = traced.kernel.process(kProcess).stops_with_group(SIGSTOP).uninterrupted();
  process.calls("getpid", {}, 1).exits();
  bool listened = false;
  REQUIRE(traced.seize({kProcess}));
  traced.stops.when_idle.push_back([&] {
    listened = process.listening;
    traced.kernel.wake(process);
  });
  traced.run_attached();
  CHECK(listened);
  CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
}

TEST_CASE("two processes that share their memory share one engine's installation") {
  ScriptedTracing traced;
  traced.kernel.map_vdso(saved_image("6.1.0-50.x86_64"));
  Task& process = traced.kernel.process(kProcess).exits();
  Task& sharer = traced.kernel.process(kOther, kProcess).exits();
  sharer.memory = process.memory;
  REQUIRE(traced.seize({kProcess}));
  CHECK(sharer.seized);
  traced.run_attached();
  CHECK(traced.engine.count("install 1") + traced.engine.count("install 3") == 1);
  // It is kept in silence.
  CHECK(traced.events.of(kOther) == Lines{});
}

TEST_CASE("a child of an attached process is followed") {
  ScriptedTracing traced;
  Task& child = traced.kernel.unborn(kOther).calls("getpid", {}, 3).exits();
  traced.kernel.process(kProcess).forks(child).exits();
  REQUIRE(traced.seize({kProcess}));
  traced.run_attached();
  CHECK(traced.events.of(kOther) == Lines{"started, fork of 1", "getpid = 3", "exit_group unfinished", "exited 0"});
}

TEST_CASE("a thread that is made while its process is attached to is one of it") {
  ScriptedTracing traced;
  Task& thread = traced.kernel.unborn(kThread).calls("gettid", {}, 2).ends_thread();
  Task& process = traced.kernel.process(kProcess);
  process.makes(thread, 0x10f00).idles().exits();
  REQUIRE(traced.seize({kProcess}));
  traced.run_attached();
  CHECK(std::ranges::count(traced.events.lines, "2 gettid = 2") == 1);
}

TEST_CASE("an attached process that executes a program is reported as attached and executed") {
  ScriptedTracing traced;
  traced.kernel.process(kProcess).executes().exits();
  REQUIRE(traced.seize({kProcess}));
  traced.run_attached();
  const Lines lines = traced.events.of(kProcess);
  CHECK(lines.front() == "started, attach of 0");
  CHECK(std::ranges::count(lines, "executed") == 1);
}

TEST_CASE("a process that ends before it has stopped for us is reported as attached or not at all") {
  ScriptedTracing traced;
  Task& process = traced.kernel.process(kProcess);
  REQUIRE(traced.seize({kProcess}));
  traced.kernel.kill_process(process);
  traced.run_attached(kSomeTime);
  CHECK(std::ranges::count(traced.events.lines, "1 exited 0") == 0);
  CHECK_FALSE(traced.kernel.any_tracee());
}
