// System calls that a stopped thread is made to do, and steps out of engine code.
#include "trace/remote/remote_call.hpp"

#include "support/catch.hpp"
#include "support/scripted_session.hpp"
#include "support/scripted_stop.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kAllSignals = ~std::uint64_t{0};

}  // namespace

TEST_CASE("a remote call answers what the kernel answers") {
  for (const std::int64_t answer : {std::int64_t{0}, std::int64_t{4096}, std::int64_t{-ENOMEM}}) {
    StoppedTask one;
    one.kernel.made_call = [&](Task&, std::int64_t nr, const Arguments& args) {
      CHECK(nr == 9);
      CHECK(args == Arguments{1, 2, 3, 4, 5, 6});
      return answer;
    };
    CHECK(remote_call(one.stopped, 9, {1, 2, 3, 4, 5, 6}) == answer);
    CHECK(one.kernel.wrong_requests == Lines{});
  }
}

TEST_CASE("after a remote call registers, signal mask and the kind of stop are as before") {
  StoppedTask one;
  one.kernel.made_call = [](Task& task, std::int64_t, const Arguments&) {
    CHECK(task.mask == kAllSignals);
    return 5;
  };
  CHECK(remote_call(one.stopped, 39, {}) == 5);
  CHECK(one.is_as_before());
  CHECK(one.is_at_interruption());
}

TEST_CASE("several calls are made by one thread that is put back once") {
  StoppedTask one;
  {
    RemoteCalls calls(one.stopped);
    for (std::int64_t nr = 1; nr <= 3; ++nr) CHECK(calls.call(nr, {}) == 0);
    CHECK_FALSE(one.is_as_before());
  }
  CHECK(one.kernel.made_calls == std::vector<std::int64_t>{1, 2, 3});
  CHECK(one.is_as_before());
}

TEST_CASE("a thread that dies with us is stepped over calls, unless the trap did it harm") {
  constexpr KernelSigaction kHandler{0x1234, 0, 0, 0};
  for (const auto& action : {KernelSigaction{}, SignalActions::ignoring(), kHandler}) {
    INFO("action " << action.handler);
    StoppedTask one;
    one.thread.on_tracer_death = ptrace::OnTracerDeath::kill;
    one.thread.actions->set(SIGTRAP, action);
    one.kernel.made_call = [&](Task& task, std::int64_t nr, const Arguments&) {
      CHECK(task.mode == (action.handler == 0 ? Mode::step : Mode::syscall));
      CHECK(task.mask == kAllSignals);
      return nr;
    };
    {
      RemoteCalls calls(one.stopped);
      CHECK(calls.call(7, {}) == 7);
      CHECK(calls.call(9, {}) == 9);
    }
    CHECK(one.is_as_before());
    CHECK(one.is_at_interruption());
    CHECK(one.kernel.wrong_requests == Lines{});
  }
}

TEST_CASE("a SIGSTOP that comes before a step over a remote call has its effect and the call is made") {
  StoppedTask one;
  one.thread.on_tracer_death = ptrace::OnTracerDeath::kill;
  one.task.signal_before_call = SIGSTOP;
  CHECK(remote_call(one.stopped, 39, {}) == 0);
  CHECK(one.task.delivered == std::vector<int>{SIGSTOP});
  CHECK(one.is_as_before());
}

TEST_CASE("a thread may die at every request of a remote call") {
  int most = 0;
  for (int request = 0; request <= most; ++request) {
    INFO("dies at request " << request);
    StoppedTask one;
    const int before = one.kernel.requests_of(kTid);
    if (request > 0) one.kernel.die_at(kTid, before + request);
    const auto answer = remote_call(one.stopped, 39, {});
    if (request == 0) {
      REQUIRE(answer == 0);
      most = one.kernel.requests_of(kTid) - before;
    }
    CHECK(one.kernel.wrong_requests == Lines{});
    // Its end is the session's to wait for.
    if (request > 0) CHECK(one.kernel.take(kTid).has_value());
  }
  CHECK(most > 8);
}

TEST_CASE("a SIGSTOP that comes before a remote call has its effect and the call is made") {
  StoppedTask one;
  one.task.signal_before_call = SIGSTOP;
  CHECK(remote_call(one.stopped, 39, {}) == 0);
  CHECK(one.task.delivered == std::vector<int>{SIGSTOP});
  CHECK(one.is_as_before());
}

TEST_CASE("a thread that is within a call makes none for us") {
  StoppedTask one;
  one.task.call.op = PTRACE_SYSCALL_INFO_ENTRY;
  CHECK_FALSE(remote_call(one.stopped, 39, {}));
  CHECK(one.kernel.made_calls.empty());
  CHECK(one.is_as_before());
}

TEST_CASE("a thread at the event of a birth makes no call for us") {
  for (const int event : {PTRACE_EVENT_FORK, PTRACE_EVENT_VFORK, PTRACE_EVENT_CLONE}) {
    INFO("event " << event);
    StoppedTask one;
    one.task.info.si_code = SIGTRAP | event << 8;
    CHECK_FALSE(remote_call(one.stopped, 39, {}));
    CHECK(one.kernel.made_calls.empty());
  }
}

TEST_CASE("a thread that has changed its mode makes no call for us") {
  StoppedTask one;
  one.task.registers.cs = 0x23;
  CHECK_FALSE(remote_call(one.stopped, 39, {}));
  CHECK(one.kernel.made_calls.empty());
}

TEST_CASE("a process without a system call instruction makes no call for us") {
  StoppedTask one;
  one.thread.space->set_engine_memory({});
  CHECK_FALSE(remote_call(one.stopped, 39, {}));
  CHECK(one.is_as_before());
}

TEST_CASE("a thread under filters of its own makes calls only where they can be suspended") {
  for (const bool permitted : {false, true}) {
    INFO("permitted " << permitted);
    StoppedTask one;
    one.task.own_filters = 1;
    one.kernel.may_suspend_seccomp = permitted;
    one.thread.on_tracer_death = ptrace::OnTracerDeath::kill;
    CHECK(remote_call(one.stopped, 39, {}).has_value() == permitted);
    CHECK((one.task.options & PTRACE_O_SUSPEND_SECCOMP) == 0);
    CHECK(one.is_as_before());
  }
}

TEST_CASE("a call that was interrupted at a system call's end is interrupted again after a remote call") {
  StoppedTask one;
  kernel().ptrace(PTRACE_CONT, kTid, 0, 0);
  one.task.mode = Mode::syscall;
  one.task.enters("pause").returns(-514);
  kernel().ptrace(PTRACE_INTERRUPT, kTid, 0, 0);
  kernel().ptrace(PTRACE_SYSCALL, kTid, 0, 0);
  kernel().ptrace(PTRACE_SYSCALL, kTid, 0, 0);
  one.stopped.forget_registers();
  REQUIRE(one.task.call.op == PTRACE_SYSCALL_INFO_EXIT);
  CHECK(remote_call(one.stopped, 39, {}) == 0);
  CHECK(one.task.registers.rax == static_cast<std::uint64_t>(-514));
  kernel().ptrace(PTRACE_SYSCALL, kTid, 0, 0);
  CHECK(one.is_at_interruption());
}

TEST_CASE("a thread is stepped until it is outside, with signals held back") {
  StoppedTask one;
  one.task.registers.rip = kCode + 8;
  for (std::uint64_t pc = kCode + 9; pc < kCode + 12; ++pc) one.task.goes_to(pc).gets(trap(TRAP_TRACE));
  const auto inside = [](std::uint64_t pc) { return pc < kCode + 11; };
  CHECK(step_out(one.stopped, inside, 10));
  CHECK(one.task.registers.rip == kCode + 11);
  CHECK(one.task.mask == kProgramMask);
  CHECK(one.task.delivered.empty());
}

TEST_CASE("a thread that is outside is not stepped") {
  StoppedTask one;
  CHECK(step_out(
      one.stopped, [](std::uint64_t) { return false; }, 10));
  CHECK(one.task.mode != Mode::step);
}

TEST_CASE("a thread that does not come out is stepped so often and no more") {
  StoppedTask one;
  for (int i = 0; i < 20; ++i) one.task.gets(trap(TRAP_TRACE));
  CHECK_FALSE(step_out(
      one.stopped, [](std::uint64_t) { return true; }, 10));
  CHECK(one.task.mask == kProgramMask);
}

TEST_CASE("a SIGSTOP between two steps is passed on") {
  StoppedTask one;
  one.task.gets(SIGSTOP).goes_to(kCode + 64).gets(trap(TRAP_TRACE));
  CHECK(step_out(
      one.stopped, [](std::uint64_t pc) { return pc < kCode + 64; }, 10));
  CHECK(one.task.delivered == std::vector<int>{SIGSTOP});
}

TEST_CASE("a signal that a thread had stopped for can be delivered after steps") {
  StoppedTask one;
  one.task.info.si_signo = SIGUSR1;
  one.task.info.si_code = SI_QUEUE;
  one.task.goes_to(kCode + 64).gets(trap(TRAP_TRACE));
  REQUIRE(step_out(
      one.stopped, [](std::uint64_t pc) { return pc < kCode + 64; }, 10));
  CHECK(one.task.info.si_signo == SIGUSR1);
  CHECK(one.task.info.si_code == SI_QUEUE);
}

TEST_CASE("a thread may die at every request of its steps") {
  int most = 0;
  for (int request = 0; request <= most; ++request) {
    INFO("dies at request " << request);
    StoppedTask one;
    const int before = one.kernel.requests_of(kTid);
    for (std::uint64_t pc = kCode + 1; pc < kCode + 4; ++pc) one.task.goes_to(pc).gets(trap(TRAP_TRACE));
    if (request > 0) one.kernel.die_at(kTid, before + request);
    step_out(
        one.stopped, [](std::uint64_t pc) { return pc < kCode + 3; }, 10);
    if (request == 0) most = one.kernel.requests_of(kTid) - before;
    CHECK(one.kernel.wrong_requests == Lines{});
  }
  CHECK(most > 6);
}

TEST_CASE("a program that blocks SIGTRAP blocks it again after a breakpoint's trap") {
  StoppedTask one;
  one.thread.blocked = BlockedSignals(signal_bit(SIGTRAP));
  repair_signal_state(one.stopped);
  CHECK(one.task.mask == (kProgramMask | signal_bit(SIGTRAP)));
}

TEST_CASE("a program's action for SIGTRAP is set again where the kernel has reset it") {
  StoppedTask one;
  one.thread.actions->set(SIGTRAP, SignalActions::ignoring());
  std::uint64_t handler = 0;
  one.kernel.made_call = [&](Task& task, std::int64_t, const Arguments& args) {
    task.memory->read(args[1], std::as_writable_bytes(std::span(&handler, 1)));
    return 0;
  };
  repair_signal_state(one.stopped);
  CHECK(one.kernel.made_calls.size() == 1);
  CHECK(handler == 1);  // SIG_IGN
  CHECK(one.is_as_before());
}

TEST_CASE("a program that neither blocks nor ignores SIGTRAP is left alone after a breakpoint's trap") {
  StoppedTask one;
  const int before = one.kernel.requests_of(kTid);
  repair_signal_state(one.stopped);
  CHECK(one.kernel.requests_of(kTid) == before);
}

TEST_CASE("the same is known of SIGSYS, which a dispatched system call raises") {
  StoppedTask one;
  one.thread.blocked = BlockedSignals(signal_bit(SIGSYS));
  one.thread.actions->set(SIGSYS, SignalActions::ignoring());
  std::uint64_t signal = 0;
  one.kernel.made_call = [&](Task&, std::int64_t, const Arguments& args) {
    signal = args[0];
    return 0;
  };
  repair_signal_state(one.stopped, SIGSYS);
  CHECK(one.task.mask == (kProgramMask | signal_bit(SIGSYS)));
  CHECK(signal == SIGSYS);
}
