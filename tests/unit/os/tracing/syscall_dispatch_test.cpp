// Syscall user dispatch set by ptrace(2): by script, and asked of this kernel where it has it.
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "os/tracing/ptrace.hpp"
#include "support/catch.hpp"
#include "support/scripted_stop.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

/// A child of ours that stops and then makes a system call.
pid_t stopped_child() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    ::_exit(static_cast<int>(::syscall(SYS_getppid)) == ::getppid() ? 7 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSTOPPED(status));
  return child;
}

}  // namespace

TEST_CASE("the range that calls are made from is set and read") {
  StoppedTask one;
  CHECK(ptrace::set_syscall_dispatch(kTid, {true, 0x7000, 0x2000, 0}));
  const auto now = ptrace::syscall_dispatch(kTid);
  REQUIRE(now);
  CHECK(now->on);
  CHECK(now->allowed == 0x7000);
  CHECK(now->allowed_size == 0x2000);
  CHECK(ptrace::set_syscall_dispatch(kTid, {}));
  CHECK_FALSE(ptrace::syscall_dispatch(kTid)->on);
}

TEST_CASE("a kernel without the request is known by its refusal") {
  StoppedTask one;
  one.kernel.has_syscall_dispatch = false;
  CHECK_FALSE(ptrace::syscall_dispatch(kTid));
  CHECK_FALSE(ptrace::set_syscall_dispatch(kTid, {true, 0x7000, 0x2000, 0}));
}

TEST_CASE("a call from elsewhere raises SIGSYS before it is made") {
  const pid_t child = stopped_child();
  int status = 0;
  if (ptrace::set_syscall_dispatch(child, {true, 0x1000, 0x1000, 0})) {
    ::ptrace(PTRACE_CONT, child, nullptr, 0);
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSTOPPED(status));
    CHECK(WSTOPSIG(status) == SIGSYS);
    const auto info = ptrace::signal_info(child);
    REQUIRE(info);
    CHECK(info->si_code == ptrace::kDispatchedCall);
    CHECK(ptrace::set_syscall_dispatch(child, {}));
    const auto registers = ptrace::registers(child);
    REQUIRE(registers);
    // It is made where it stands, now that it may be.
    CHECK(ptrace::set_registers(child, arch::moved_to(*registers, arch::program_counter(*registers) - 2)));
  }
  ::ptrace(PTRACE_CONT, child, nullptr, 0);
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}
