// Which stub makes a call: what is asked for decides, and what its arguments are.
#include "engines/syscalls/stub_choice.hpp"

#include <sys/syscall.h>

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

Needs tracing(const std::string& set = "all") {
  Needs needs;
  needs.inline_calls = true;
  const std::vector<std::string> expressions{"trace=" + set};
  auto selection = Selection::parse(expressions);
  REQUIRE(selection);
  needs.selection = std::move(*selection);
  return needs;
}

}  // namespace

TEST_CASE("a trace records calls whose arguments are numbers, and stops at the others") {
  const StubChoice choice(tracing());
  CHECK(choice.records());
  for (const std::int64_t nr : {SYS_getppid, SYS_lseek, SYS_close, SYS_dup2, SYS_brk, SYS_mmap, SYS_munmap, SYS_tgkill})
    CHECK(choice.of(nr) == CallStub::records);
  // What they point to is shown; fcntl and ioctl have pointers in some calls.
  for (const std::int64_t nr : {SYS_read, SYS_openat, SYS_fcntl, SYS_ioctl, SYS_futex, SYS_clock_gettime})
    CHECK(choice.of(nr) == CallStub::none);
  for (const std::int64_t nr : {SYS_clone, SYS_execve, SYS_exit_group, SYS_rt_sigreturn, SYS_mremap})
    CHECK(choice.of(nr) == CallStub::none);
  CHECK(choice.of(-1) == CallStub::none);
  CHECK(choice.of(100'000) == CallStub::none);
}

TEST_CASE("calls that a trace does not show need no stop") {
  const StubChoice choice(tracing("read,getppid"));
  CHECK(choice.of(SYS_getppid) == CallStub::records);
  CHECK(choice.of(SYS_read) == CallStub::none);
  for (const std::int64_t nr : {SYS_write, SYS_close, SYS_fcntl}) CHECK(choice.of(nr) == CallStub::counts);
  CHECK(choice.of(SYS_execve) == CallStub::none);
}

TEST_CASE("a summary counts all that may go without a stop") {
  Needs needs = tracing();
  needs.each_call = false;
  const StubChoice choice(needs);
  CHECK_FALSE(choice.records());
  for (const std::int64_t nr : {SYS_getppid, SYS_read, SYS_fcntl}) CHECK(choice.of(nr) == CallStub::counts);
  CHECK(choice.of(SYS_execve) == CallStub::none);
}
