// Signals: the program's own, those of breakpoints and steps, and group-stops.
#include <linux/sched.h>

#include "support/catch.hpp"
#include "support/scripted_session.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kSignalled = kPid + 2;

using Delivered = std::vector<int>;

/// As if sent by nobody: collect_signal, kernel/signal.c.
siginfo_t without_cause(int signal) {
  siginfo_t info{};
  info.si_signo = signal;
  return info;
}

}  // namespace

TEST_CASE("every signal reaches the program, and is reported") {
  for (const int signal : {SIGUSR1, SIGSEGV, SIGTRAP, SIGSTOP, SIGCHLD, SIGALRM, 64}) {
    INFO("signal " << signal);
    ScriptedTracing traced;
    Task& root = traced.kernel.spawned(kRoot).executes().gets(signal).exits();
    REQUIRE(traced.run());
    CHECK(root.delivered == Delivered{signal});
    CHECK(std::ranges::count(traced.events.lines, "1 signal " + std::to_string(signal)) == 1);
  }
}

TEST_CASE("a signal in the middle of a call is reported between its beginning and its end") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes();
  root.enters("read").returns(-512).gets(SIGUSR1).calls("read", {}, 3).exits();
  REQUIRE(traced.run());
  const Lines lines = traced.events.of(kRoot);
  const auto first = std::ranges::find(lines, "read = -512");
  REQUIRE(first != lines.end());
  CHECK(*(first + 1) == "signal 10");
  CHECK(*(first + 2) == "read = 3");
}

TEST_CASE("a breakpoint's trap that is an engine's never reaches the program") {
  ScriptedTracing traced;
  traced.engine.takes_traps = true;
  Task& root = traced.kernel.spawned(kRoot).executes().gets(trap(SI_KERNEL)).exits();
  REQUIRE(traced.run());
  CHECK(root.delivered == Delivered{});
  CHECK(traced.engine.count("trap 1") == 1);
  CHECK(std::ranges::count(traced.events.lines, "1 signal 5") == 0);
}

TEST_CASE("a breakpoint's trap that is no engine's reaches the program") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes().gets(trap(SI_KERNEL)).exits();
  REQUIRE(traced.run());
  CHECK(root.delivered == Delivered{SIGTRAP});
  CHECK(traced.engine.count("trap 1") == 1);
}

TEST_CASE("a trap that the program has sent itself is no breakpoint's") {
  for (const int code : std::initializer_list<int>{SI_USER, SI_TKILL, SI_QUEUE}) {
    INFO("si_code " << code);
    ScriptedTracing traced;
    traced.engine.takes_traps = true;
    Task& root = traced.kernel.spawned(kRoot).executes().gets(SIGTRAP, code).exits();
    REQUIRE(traced.run());
    CHECK(root.delivered == Delivered{SIGTRAP});
    CHECK(traced.engine.count("trap 1") == 0);
  }
}

TEST_CASE("a trap that has lost what it is about is offered to the engine") {
  for (const int signal : {SIGTRAP, SIGSEGV}) {
    INFO("signal " << signal);
    ScriptedTracing traced;
    traced.engine.takes_traps = true;
    Task& root = traced.kernel.spawned(kRoot).executes().gets(without_cause(signal)).exits();
    REQUIRE(traced.run());
    CHECK(traced.engine.count("trap 1") == 1);
    CHECK(root.delivered == Delivered{});
  }
}

TEST_CASE("a breakpoint that the kernel has forbidden as SIGSEGV is offered to the engine") {
  ScriptedTracing traced;
  traced.engine.takes_traps = true;
  Task& root = traced.kernel.spawned(kRoot).executes().gets(SIGSEGV, SI_KERNEL).exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("trap 1") == 1);
  CHECK(root.delivered == Delivered{});
}

TEST_CASE("a fault of the program's own is not offered to the engine") {
  ScriptedTracing traced;
  traced.engine.takes_traps = true;
  Task& root = traced.kernel.spawned(kRoot).executes().gets(SIGSEGV, SEGV_MAPERR).exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("trap 1") == 0);
  CHECK(root.delivered == Delivered{SIGSEGV});
}

TEST_CASE("the trap of a step is the engine's however the processor names its cause") {
  for (const int code : std::initializer_list<int>{TRAP_TRACE, TRAP_BRKPT, SIGTRAP}) {
    INFO("si_code " << code);
    ScriptedTracing traced;
    traced.engine.mode = Resume::How::step;
    Task& root = traced.kernel.spawned(kRoot).executes().gets(trap(code)).exits();
    REQUIRE(traced.run());
    CHECK(traced.engine.count("step 1") == 1);
    CHECK(root.delivered == Delivered{});
  }
}

TEST_CASE("a trap of a step that the program has asked for too is delivered") {
  ScriptedTracing traced;
  traced.engine.mode = Resume::How::step;
  traced.engine.takes_steps = false;
  Task& root = traced.kernel.spawned(kRoot).executes().gets(trap(TRAP_TRACE)).exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("step 1") == 1);
  CHECK(root.delivered == Delivered{SIGTRAP});
}

TEST_CASE("the trap of a step that nobody has made is the program's") {
  for (const int code : std::initializer_list<int>{TRAP_TRACE, TRAP_BRKPT}) {
    INFO("si_code " << code);
    ScriptedTracing traced;
    Task& root = traced.kernel.spawned(kRoot).executes().gets(trap(code)).exits();
    REQUIRE(traced.run());
    CHECK(traced.engine.count("step 1") == 0);
    CHECK(root.delivered == Delivered{SIGTRAP});
  }
}

TEST_CASE("another signal behind a step is no end of it") {
  ScriptedTracing traced;
  traced.engine.mode = Resume::How::step;
  Task& root = traced.kernel.spawned(kRoot).executes().gets(SIGUSR1).exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("step 1") == 0);
  CHECK(root.delivered == Delivered{SIGUSR1});
}

TEST_CASE("a thread is moved out of engine code before any signal but SIGSTOP is delivered") {
  for (const int signal : {SIGUSR1, SIGTERM, SIGSTOP}) {
    INFO("signal " << signal);
    ScriptedTracing traced;
    traced.kernel.spawned(kRoot).executes().gets(signal).exits();
    REQUIRE(traced.run());
    CHECK(traced.engine.count("move out 1") == (signal == SIGSTOP ? 0 : 1));
  }
}

TEST_CASE("a signal whose program is gone by the time that it is looked at is none") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes();
  root.does([&] { traced.kernel.die_at(kRoot, traced.kernel.requests_of(kRoot) + 1); }).gets(SIGUSR1).exits();
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 signal 10") == 0);
  CHECK(traced.events.of(kRoot).back() == "killed by 9");
}

TEST_CASE("a group-stop is reported and listened in until the group goes on") {
  for (const int signal : {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU}) {
    INFO("signal " << signal);
    ScriptedTracing traced;
    Task& root = traced.kernel.spawned(kRoot).executes().gets(signal).stops_with_group(signal);
    root.calls("getpid", {}, 1).exits();
    bool listened = false;
    traced.stops.when_idle.push_back([&] {
      listened = root.listening;
      traced.kernel.wake(root);
    });
    REQUIRE(traced.run());
    CHECK(listened);
    CHECK(std::ranges::count(traced.events.lines, "1 stopped by " + std::to_string(signal)) == 1);
    CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
  }
}

TEST_CASE("each thread of a group that stops is listened in") {
  ScriptedTracing traced;
  Task& thread = traced.kernel.unborn(kSignalled).stops_with_group(SIGSTOP).ends_thread();
  Task& root = traced.kernel.spawned(kRoot).executes().clones(thread, kThreadFlags);
  root.gets(SIGSTOP).stops_with_group(SIGSTOP).idles().exits();
  traced.stops.when_idle.push_back([&] {
    CHECK(root.listening);
    CHECK(thread.listening);
    traced.kernel.wake(root);
  });
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "2 stopped by 19") == 1);
  CHECK(std::ranges::count(traced.events.lines, "1 stopped by 19") == 1);
}

TEST_CASE("a group-stop that has ended by the time that it is looked at is not listened in") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes().stops_with_group(SIGSTOP);
  root.calls("getpid", {}, 1).exits();
  // A SIGCONT came: the kernel shows the trap of an interruption in its place.
  root.rank = 1;
  traced.stops.on_take = [&](const TraceeStop& stop) {
    if (stop.status.kind() == WaitStatus::Kind::group_stop) root.info.si_signo = SIGTRAP;
  };
  REQUIRE(traced.run());
  CHECK(std::ranges::count(traced.events.lines, "1 stopped by 19") == 0);
  CHECK(std::ranges::count(traced.events.lines, "1 getpid = 1") == 1);
}

TEST_CASE("a process that is killed while it is stopped ends") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes().stops_with_group(SIGSTOP);
  traced.stops.when_idle.push_back([&] { traced.kernel.kill_process(root); });
  const auto outcome = traced.run();
  REQUIRE(outcome);
  CHECK(outcome->signaled);
}

TEST_CASE("a handler is announced to the engine where the program has set one") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes();
  const std::array<std::uint64_t, 4> action{0x401234, SA_SIGINFO, 0, 0};
  root.memory->write(kCode + 64, std::as_bytes(std::span(action)));
  root.does([&] { root.memory->write(kCode + 64, std::as_bytes(std::span(action))); });
  root.calls("rt_sigaction", {SIGUSR1, kCode + 64, 0, 8}).gets(SIGUSR2).gets(SIGUSR1).exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("handler 1") == 1);
}

TEST_CASE("a handler that resets itself is announced once") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes();
  const std::array<std::uint64_t, 4> action{0x401234, SA_RESETHAND, 0, 0};
  root.does([&] { root.memory->write(kCode + 64, std::as_bytes(std::span(action))); });
  root.calls("rt_sigaction", {SIGUSR1, kCode + 64, 0, 8}).gets(SIGUSR1).gets(SIGUSR1).exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("handler 1") == 1);
}

TEST_CASE("a return from a handler is announced to the engine") {
  ScriptedTracing traced;
  traced.kernel.spawned(kRoot).executes().gets(SIGUSR1).calls("rt_sigreturn").exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("handler return 1") == 1);
}

TEST_CASE("an exec takes the handlers and leaves what is ignored") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes();
  const std::array<std::uint64_t, 4> action{0x401234, 0, 0, 0};
  root.does([&] { root.memory->write(kCode + 64, std::as_bytes(std::span(action))); });
  root.calls("rt_sigaction", {SIGUSR1, kCode + 64, 0, 8}).executes().gets(SIGUSR1).exits();
  REQUIRE(traced.run());
  CHECK(traced.engine.count("handler 1") == 0);
}

TEST_CASE("a signal to us goes to the program that we started") {
  ScriptedTracing traced;
  Task& root = traced.kernel.spawned(kRoot).executes().enters("pause");
  traced.stops.own_signals.push_back({SIGTERM, false});
  traced.stops.own_signals.push_back({SIGTERM, false});
  traced.stops.own_signals.push_back({SIGTERM, false});
  REQUIRE(traced.run());
  CHECK(traced.kernel.killed_with == Delivered{SIGTERM});
  // It would not end by it: it is detached at the second.
  CHECK(root.detached_with == 0);
}
