// Whose the signals to us are, as long as a program that we started lives.
#include "trace/program.hpp"

#include <sys/wait.h>

#include "support/catch.hpp"
#include "support/scripted_kernel.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr OwnSignal kTerminate{SIGTERM, false};
constexpr OwnSignal kInterrupt{SIGINT, true};  // Ctrl-C

std::uint64_t bit(int signal) { return std::uint64_t{1} << (signal - 1); }

struct StartedProgram {
  StartedProgram() { program.begin(task.tid); }
  void end(Thread::Phase phase, int raw_status) {
    Thread thread;
    thread.tid = thread.tgid = task.tid;
    thread.phase = phase;
    program.on_end(thread, WaitStatus(raw_status));
  }

  ScriptedKernel kernel;
  KernelInstead replaced{kernel};
  Task& task = kernel.process(kPid + 1);
  Program program;
};

}  // namespace

TEST_CASE("signals to us end the watching where nothing was started") {
  Program program;
  CHECK_FALSE(program.was_started());
  CHECK(program.ends_trace(kTerminate, false));
}

TEST_CASE("a program that lives gets the signals to us") {
  StartedProgram started;
  CHECK_FALSE(started.program.ends_trace(kTerminate, false));
  CHECK(started.kernel.killed_with == std::vector<int>{SIGTERM});
}

TEST_CASE("what the terminal sends is not passed on: the program has got it") {
  StartedProgram started;
  CHECK_FALSE(started.program.ends_trace(kInterrupt, false));
  CHECK(started.kernel.killed_with.empty());
}

TEST_CASE("a program that is dead gets no signals to us, though nobody has waited for it yet") {
  StartedProgram started;
  started.task.seized = true;
  started.kernel.kill_process(started.task);
  CHECK_FALSE(started.program.ends_trace(kTerminate, false));
  CHECK_FALSE(started.program.end_ends_trace());
  CHECK(started.kernel.killed_with.empty());
  started.end(Thread::Phase::live, 3 << 8);
  CHECK(started.program.end_ends_trace());
  CHECK(started.program.outcome().code == 3);
}

TEST_CASE("a program whose end has been waited for, but not been served, ends the watching by its end") {
  StartedProgram started;
  started.task.seized = true;
  started.kernel.kill_process(started.task);
  int status = 0;
  REQUIRE(started.kernel.wait4(started.task.tid, status, __WALL, nullptr) == kPid + 1);
  CHECK_FALSE(started.program.ends_trace(kTerminate, false));
  CHECK_FALSE(started.program.end_ends_trace());
  started.end(Thread::Phase::live, status);
  CHECK(started.program.end_ends_trace());
  CHECK_FALSE(started.program.end_ends_trace());
}

TEST_CASE("the second signal in a row ends the watching") {
  StartedProgram started;
  CHECK_FALSE(started.program.ends_trace(kInterrupt, false));
  CHECK(started.program.ends_trace(kInterrupt, false));
}

TEST_CASE("it takes a third one where the program has a handler") {
  StartedProgram started;
  started.task.caught = bit(SIGINT);
  CHECK_FALSE(started.program.ends_trace(kInterrupt, false));
  CHECK_FALSE(started.program.ends_trace(kInterrupt, false));
  CHECK(started.program.ends_trace(kInterrupt, false));
}

TEST_CASE("the first signal ends the watching where the program ignores it, but not the terminal's") {
  StartedProgram started;
  started.task.ignored = bit(SIGTERM) | bit(SIGINT);
  CHECK_FALSE(started.program.ends_trace(kInterrupt, false));
  CHECK(started.program.ends_trace(kTerminate, false));
}

TEST_CASE("signals that are repeated while we detach are the program's") {
  StartedProgram started;
  for (int i = 0; i < 3; ++i) CHECK_FALSE(started.program.ends_trace(kTerminate, true));
  CHECK(started.kernel.killed_with == std::vector<int>{SIGTERM, SIGTERM, SIGTERM});
}

TEST_CASE("other signals than SIGINT and SIGTERM never mean us while the program lives") {
  StartedProgram started;
  for (int i = 0; i < 4; ++i) CHECK_FALSE(started.program.ends_trace({SIGHUP, false}, false));
  CHECK(started.kernel.killed_with.size() == 4);
}

TEST_CASE("after the program's end signals to us mean us") {
  StartedProgram started;
  started.end(Thread::Phase::live, 3 << 8);
  CHECK(started.program.state() == Program::State::ended);
  CHECK(started.program.outcome().code == 3);
  CHECK(started.program.ends_trace(kTerminate, false));
  CHECK(started.kernel.killed_with.empty());
}

TEST_CASE("a child that ends before it has executed the program has failed to launch it") {
  StartedProgram started;
  started.end(Thread::Phase::launching, SIGKILL);
  CHECK(started.program.state() == Program::State::failed_to_launch);
  CHECK(started.program.has_ended());
  CHECK(started.program.outcome().signaled);
}

TEST_CASE("the end of another thread is not the program's") {
  StartedProgram started;
  Thread other;
  other.tid = other.tgid = kPid + 2;
  started.program.on_end(other, WaitStatus(0));
  CHECK(started.program.state() == Program::State::running);
}
