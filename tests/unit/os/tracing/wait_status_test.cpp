#include "os/tracing/wait_status.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;
using Kind = WaitStatus::Kind;

namespace {

/// As the kernel composes it (ptrace(2)).
constexpr int stopped(int signal, int event = 0) { return (event << 16) | (signal << 8) | 0x7f; }

}  // namespace

TEST_CASE("every kind of wait status is told apart") {
  CHECK(WaitStatus(3 << 8).kind() == Kind::exited);
  CHECK(WaitStatus(3 << 8).code() == 3);
  CHECK(WaitStatus(SIGSEGV | 0x80).kind() == Kind::killed);
  CHECK(WaitStatus(SIGSEGV | 0x80).code() == SIGSEGV);
  CHECK(WaitStatus(SIGSEGV | 0x80).core_dumped());
  CHECK_FALSE(WaitStatus(SIGKILL).core_dumped());
  CHECK(WaitStatus(stopped(SIGTRAP | 0x80)).kind() == Kind::system_call);
  CHECK(WaitStatus(stopped(SIGTRAP)).kind() == Kind::signal);
  CHECK(WaitStatus(stopped(SIGSTOP)).kind() == Kind::signal);
  CHECK(WaitStatus(stopped(SIGTRAP, PTRACE_EVENT_STOP)).kind() == Kind::attach_stop);
  CHECK(WaitStatus(0xffff).kind() == Kind::continued);
}

TEST_CASE("a group-stop is one for each stopping signal and no other") {
  for (const int signal : {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU})
    CHECK(WaitStatus(stopped(signal, PTRACE_EVENT_STOP)).kind() == Kind::group_stop);
  CHECK(WaitStatus(stopped(SIGCONT, PTRACE_EVENT_STOP)).kind() == Kind::attach_stop);
}

TEST_CASE("events carry their number") {
  const WaitStatus status(stopped(SIGTRAP, PTRACE_EVENT_EXEC));
  CHECK(status.kind() == Kind::event);
  CHECK(status.event() == PTRACE_EVENT_EXEC);
  CHECK_FALSE(status.ended());
}
