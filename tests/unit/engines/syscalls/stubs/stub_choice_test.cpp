// Which stub makes a call: what is asked for decides, and what its arguments are.
#include "engines/syscalls/stubs/stub_choice.hpp"

#include <fcntl.h>
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

TEST_CASE("a trace records calls if what is shown of them can be copied, and stops at the others") {
  const StubChoice choice(tracing());
  CHECK(choice.records());
  for (const std::int64_t nr :
       {SYS_getppid,    SYS_lseek,   SYS_close, SYS_dup2,   SYS_brk,          SYS_mmap,
        SYS_munmap,     SYS_tgkill,  SYS_read,  SYS_write,  SYS_openat,       SYS_newfstatat,
        SYS_getdents64, SYS_poll,    SYS_ioctl, SYS_futex,  SYS_rt_sigaction, SYS_rt_sigprocmask,
        SYS_sendto,     SYS_accept4, SYS_readv, SYS_writev, SYS_setsockopt})
    CHECK(choice.of(nr) == CallStub::records);
  CHECK(choice.of(SYS_sendmmsg) == CallStub::none);  // pointers that lead to pointers
  for (const std::int64_t nr : {SYS_clone, SYS_execve, SYS_exit_group, SYS_rt_sigreturn, SYS_mremap})
    CHECK(choice.of(nr) == CallStub::none);
  CHECK(choice.of(-1) == CallStub::none);
  CHECK(choice.of(100'000) == CallStub::none);
}

TEST_CASE("what takes a look at the process, or more room than there is, takes a stop") {
  Needs needs = tracing();
  needs.limits.string = 40'000;
  const StubChoice long_strings(needs);
  CHECK(long_strings.of(SYS_read) == CallStub::none);
  CHECK(long_strings.of(SYS_openat) == CallStub::records);
  needs = tracing();
  needs.dumps.read.numbers = {3};
  const StubChoice dumps(needs);
  CHECK(dumps.of(SYS_read) == CallStub::none);
  CHECK(dumps.of(SYS_lseek) == CallStub::records);
  needs = tracing();
  needs.limits.processes.name = true;
  CHECK(StubChoice(needs).of(SYS_getppid) == CallStub::none);
}

TEST_CASE("what calls use is looked up at a stop, of those that may use it", "[stub_choice]") {
  Needs needs = tracing();
  needs.limits.descriptors.path = true;
  const StubChoice with_descriptors(needs);
  for (const std::int64_t nr : {SYS_read, SYS_openat, SYS_mmap, SYS_socket, SYS_connect, SYS_pipe2, SYS_epoll_ctl})
    CHECK(with_descriptors.of(nr) == CallStub::none);
  for (const std::int64_t nr : {SYS_stat, SYS_access, SYS_brk, SYS_munmap, SYS_futex})
    CHECK(with_descriptors.of(nr) == CallStub::records);
  needs = tracing();
  needs.paths = {"/"};
  const StubChoice with_paths(needs);
  for (const std::int64_t nr : {SYS_read, SYS_openat, SYS_mmap, SYS_connect, SYS_stat, SYS_chdir, SYS_io_cancel})
    CHECK(with_paths.of(nr) == CallStub::none);
  for (const std::int64_t nr : {SYS_brk, SYS_munmap, SYS_futex}) CHECK(with_paths.of(nr) == CallStub::counts);
}

TEST_CASE("calls that are changed stop, and the others do not", "[stub_choice]") {
  std::vector<std::string> expressions{"inject=getppid:retval=1", "fault=clock_gettime"};
  const auto injections = Injections::take(expressions);
  REQUIRE(injections);
  for (const bool each_call : {true, false}) {
    Needs needs = tracing();
    needs.each_call = each_call;
    needs.injections = &*injections;
    const StubChoice choice(needs);
    CHECK(choice.of(SYS_getppid) == CallStub::none);
    CHECK(choice.of(SYS_getpid) == (each_call ? CallStub::records : CallStub::counts));
  }
}

TEST_CASE("what maps code, and calls that have callers, stop where callers are named", "[stub_choice]") {
  Needs needs = tracing();
  needs.callers = true;
  const StubChoice choice(needs);
  for (const std::int64_t nr : {SYS_mmap, SYS_mprotect, SYS_mremap, SYS_clock_gettime, SYS_getcpu})
    CHECK(choice.of(nr) == CallStub::none);
  for (const std::int64_t nr : {SYS_munmap, SYS_read}) CHECK(choice.of(nr) == CallStub::records);
  // As large as those of vDSO calls in the same rings, which have words of the stack.
  CHECK(choice.copies(SYS_read).record_log2 == RECORD_LOG2_VALUES_WINDOW);
  CHECK(StubChoice(tracing()).copies(SYS_read).record_log2 == RECORD_LOG2_VALUES);
}

TEST_CASE("calls of which only times are wanted are recorded without what they point to", "[stub_choice]") {
  Needs needs = tracing();
  needs.values = false;
  const StubChoice choice(needs);
  for (const std::int64_t nr : {SYS_read, SYS_writev, SYS_sendmsg, SYS_ioctl, SYS_fcntl}) {
    REQUIRE(choice.of(nr) == CallStub::records);
    const arch::CopyPlan& copies = choice.copies(nr);
    CHECK((copies.entry.empty() && copies.exit.empty() && copies.cases.empty()));
    Call call;
    call.nr = nr;
    CHECK(choice.suits_stub(call));
  }
  CHECK(choice.of(SYS_clone) == CallStub::none);
}

TEST_CASE("whether a stub can make a call may depend on its arguments") {
  const StubChoice choice(tracing());
  const auto suits = [&](std::int64_t nr, std::uint64_t second) {
    Call call;
    call.nr = nr;
    call.args = {0, second};
    return choice.suits_stub(call);
  };
  CHECK(suits(SYS_fcntl, F_GETFD));
  CHECK(suits(SYS_fcntl, F_SETLK));
  CHECK_FALSE(suits(SYS_fcntl, F_GETOWN_EX));
  CHECK(suits(SYS_getppid, F_SETLK));
  CHECK_FALSE(suits(SYS_execve, 0));
}

TEST_CASE("calls that a trace does not show need no stop") {
  const StubChoice choice(tracing("recvmmsg,getppid"));
  CHECK(choice.of(SYS_getppid) == CallStub::records);
  CHECK(choice.of(SYS_recvmmsg) == CallStub::none);
  for (const std::int64_t nr : {SYS_write, SYS_close, SYS_fcntl}) CHECK(choice.of(nr) == CallStub::counts);
  CHECK(choice.of(SYS_execve) == CallStub::none);
}

TEST_CASE("direct calls of what the vDSO offers are recorded, or counted, by their clock where they have one") {
  const StubChoice trace(tracing());
  Needs needs = tracing();
  needs.each_call = false;
  const StubChoice summary(needs);
  for (const std::int64_t nr :
       {SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_time, SYS_getcpu, SYS_getrandom})
    CHECK(trace.of(nr) == CallStub::records);
  for (const std::int64_t nr : {SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_time, SYS_getrandom})
    CHECK(summary.of(nr) == CallStub::counts);
  for (const std::int64_t nr : {SYS_clock_gettime, SYS_clock_getres}) CHECK(summary.counts_by_clock(nr));
  for (const std::int64_t nr : {SYS_gettimeofday, SYS_getrandom}) CHECK_FALSE(summary.counts_by_clock(nr));
  const StubChoice others(tracing("read"));
  CHECK(others.of(SYS_clock_gettime) == CallStub::counts);
  CHECK_FALSE(others.counts_by_clock(SYS_clock_gettime));
}

TEST_CASE("calls that stop without a plan are for stubs that look at their arguments", "[stub_choice]") {
  CHECK(StubChoice(tracing()).of(SYS_prctl) == CallStub::records);
  CHECK(StubChoice(tracing("read")).of(SYS_prctl) == CallStub::none);
  Needs needs = tracing();
  needs.values = false;
  CHECK(StubChoice(needs).of(SYS_prctl) == CallStub::none);
  needs = tracing();
  needs.each_call = false;
  CHECK(StubChoice(needs).of(SYS_prctl) == CallStub::none);
}

TEST_CASE("a summary counts all that may go without a stop") {
  Needs needs = tracing();
  needs.each_call = false;
  const StubChoice choice(needs);
  CHECK_FALSE(choice.records());
  for (const std::int64_t nr : {SYS_getppid, SYS_read, SYS_fcntl}) CHECK(choice.of(nr) == CallStub::counts);
  CHECK(choice.of(SYS_execve) == CallStub::none);
}
