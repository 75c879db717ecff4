// What is said of a call while it runs, when it has returned and when it never does.
#include "model/syscalls/errno.hpp"
#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kRenderedAt = 0x20000;

TEST_CASE("arguments up to the first that only the end shows are known at entry") {
  DecodedCall call("read", {3, kRenderedAt, 100});
  call.enter();
  CHECK(args_of(call.text()) == std::vector<std::string>{"3"});
  CHECK(call.text().at_entry == 1);
  CHECK(call.text().more);
  CHECK(call.beginning().beginning() == "3, ");
  CHECK(call.text().result().empty());

  call.put(kRenderedAt, "data").leave(4);
  CHECK(call.line() == R"(read(3, "data", 100) = 4)");
  CHECK(call.text().at_entry == 1);
  CHECK(call.text().beginning() == "3, ");
  CHECK(call.text().remainder() == R"("data", 100)");
}

TEST_CASE("what memory held at entry is shown, not what it holds later") {
  DecodedCall call("write", {1, kRenderedAt, 3});
  call.put(kRenderedAt, "old").enter();
  call.put(kRenderedAt, "new").leave(3);
  CHECK(call.line() == R"(write(1, "old", 3) = 3)");
}

TEST_CASE("a failed call shows the places it did not fill as addresses") {
  CHECK(line_of("read", {3, kRenderedAt, 100}, -9) == "read(3, 0x20000, 100) = -1 EBADF (Bad file descriptor)");
  CHECK(line_of("pipe2", {kRenderedAt, 0}, -24) == "pipe2(0x20000, 0) = -1 EMFILE (Too many open files)");
}

TEST_CASE("a call that never returns leaves out what only its end would show") {
  CHECK(DecodedCall("exit_group", {0}).never_return().line() == "exit_group(0) = ?");
  DecodedCall call("read", {0, kRenderedAt, 1});
  call.never_return();
  CHECK(call.line() == "read(0) = ?");
  CHECK(call.text().beginning() == "0, ");
}

TEST_CASE("clone writes the comma when it has returned, as strace does") {
  DecodedCall call("clone", {0x01200011, 0, 0, 0x7f0000001000, 0});
  call.enter();
  CHECK(call.beginning().beginning() == "child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD");
  call.leave(17);
  CHECK(call.text().remainder() == ", child_tidptr=0x7f0000001000");
}

TEST_CASE("an amended argument is printed at entry and completed at the end") {
  DecodedCall call("sendfile", {14, 3, kRenderedAt, 10});
  call.put(kRenderedAt, std::int64_t{5}).enter();
  CHECK(call.beginning().beginning() == "14, 3, [5]");
  call.put(kRenderedAt, std::int64_t{15}).leave(10);
  CHECK(call.text().beginning() == "14, 3, [5]");
  CHECK(call.text().remainder() == " => [15], 10");
  CHECK(call.line() == "sendfile(14, 3, [5] => [15], 10) = 10");
}

TEST_CASE("a number without a name shows all registers") {
  CHECK(DecodedCall(0x1ff, {1, 2, 0, UINT64_MAX, 5, 6}).leave(-38).line() ==
        "syscall_0x1ff(0x1, 0x2, 0, 0xffffffffffffffff, 0x5, 0x6) = "
        "-1 ENOSYS (Function not implemented)");
}

TEST_CASE("restarts are not results") {
  CHECK(line_of("pause", {}, -514) == "pause() = ? ERESTARTNOHAND (To be restarted if no handler)");
  CHECK(error_result(512) == "? ERESTARTSYS (To be restarted if SA_RESTART is set)");
  CHECK(error_result(513) == "? ERESTARTNOINTR (To be restarted)");
  CHECK(error_result(516) == "? ERESTART_RESTARTBLOCK (Interrupted by signal)");
}

TEST_CASE("errors have names, those without keep their number") {
  CHECK(error_result(2) == "-1 ENOENT (No such file or directory)");
  CHECK(error_result(95) == "-1 EOPNOTSUPP (Operation not supported)");
  CHECK(error_result(600) == "-1 (errno 600)");
  CHECK(errno_name(0).empty());
  CHECK(errno_name(-2).empty());
}

TEST_CASE("results that are not decimal numbers") {
  CHECK(line_of("brk", {0}, 0x555555559000) == "brk(NULL) = 0x555555559000");
  CHECK(line_of("umask", {022}, 022) == "umask(022) = 022");
  CHECK(line_of("umask", {0}, 0) == "umask(000) = 000");
}

TEST_CASE("clocks by id") {
  CHECK(clock_name(0) == "CLOCK_REALTIME");
  CHECK(clock_name(11) == "CLOCK_TAI");
  CHECK(clock_name(99) == "0x63 /* CLOCK_??? */");
  CHECK(clock_name((~3 << 3) | 3) == "FD_TO_CLOCKID(3)");
  CHECK(clock_name((~1 << 3) | 2) == "MAKE_PROCESS_CPUCLOCK(1, CPUCLOCK_SCHED)");
  CHECK(clock_name((~7 << 3) | 4 | 1) == "MAKE_THREAD_CPUCLOCK(7, CPUCLOCK_VIRT)");
  CHECK(clock_of(DecodedCall("clock_gettime", {1, 0}).call()) == "CLOCK_MONOTONIC");
  CHECK_FALSE(clock_of(DecodedCall("gettimeofday", {0, 0}).call()));
}

}  // namespace
}  // namespace vdsotrace::testing
