#include "vdsotrace/selection.hpp"

#include <cerrno>
#include <csignal>
#include <vector>

#include "model/syscalls/spec.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

Selection parsed(std::vector<std::string> expressions) {
  auto selection = Selection::parse(expressions);
  INFO((selection ? std::string() : selection.error().message));
  REQUIRE(selection);
  return std::move(*selection);
}

Error refusal_of(const std::string& expression) {
  const std::vector<std::string> expressions{expression};
  auto selection = Selection::parse(expressions);
  REQUIRE_FALSE(selection);
  return selection.error();
}

bool wants(const Selection& selection, std::string_view name, bool vdso_capable = false) {
  return selection.wants_number(Abi::x86_64, number_of(Abi::x86_64, name), vdso_capable);
}

Call call_of(std::string_view name, std::optional<Route> route) {
  Call call;
  call.nr = number_of(Abi::x86_64, name);
  call.name = name;
  call.route = route;
  return call;
}

}  // namespace

TEST_CASE("without -e everything is wanted") {
  const Selection all;
  CHECK(wants(all, "read"));
  CHECK(wants(all, "clock_gettime", true));
  CHECK(all.wants_number(Abi::x86_64, 9999, false));
  CHECK(all.wants_signal(SIGCHLD));
  CHECK(all.wants_ordinary_calls());
}

TEST_CASE("trace= takes names, classes, regular expressions and negation") {
  CHECK(wants(parsed({"trace=read,write"}), "write"));
  CHECK_FALSE(wants(parsed({"trace=read,write"}), "close"));
  CHECK(wants(parsed({"read"}), "read"));
  CHECK(wants(parsed({"t=%file"}), "openat"));
  CHECK_FALSE(wants(parsed({"trace=%file"}), "read"));
  CHECK(wants(parsed({"trace=file"}), "openat"));
  CHECK(wants(parsed({"trace=/^clock_"}), "clock_nanosleep"));
  CHECK_FALSE(wants(parsed({"trace=/^clock_"}), "nanosleep"));
  CHECK_FALSE(wants(parsed({"trace=!read"}), "read"));
  CHECK(wants(parsed({"trace=!read"}), "write"));
  CHECK_FALSE(wants(parsed({"trace=none"}), "write"));
  CHECK(wants(parsed({"trace=all"}), "write"));
  CHECK_FALSE(wants(parsed({"trace=!all"}), "write"));
  CHECK_FALSE(wants(parsed({"trace=?no_such_call"}), "write"));
}

TEST_CASE("trace= takes what strace takes besides") {
  CHECK(wants(parsed({"trace=1"}), "write"));
  CHECK_FALSE(wants(parsed({"trace=1"}), "read"));
  CHECK(wants(parsed({"trace=close@64"}), "close"));
  CHECK_FALSE(wants(parsed({"trace=close@32"}), "close"));
  CHECK(parsed({"trace=close@32"}).wants_number(Abi::i386, number_of(Abi::i386, "close"), false));
  CHECK_FALSE(parsed({"trace=%file@x32"}).wants_number(Abi::i386, number_of(Abi::i386, "openat"), false));
  CHECK(parsed({"trace=%file@x32"}).wants_number(Abi::x32, number_of(Abi::x32, "openat"), false));
  CHECK(wants(parsed({"trace=!!read"}), "read"));
  CHECK_FALSE(wants(parsed({"trace=!!read"}), "write"));
  CHECK(wants(parsed({"trace=read,,write,"}), "write"));
  CHECK(parsed({"trace=mmap2"}).wants_number(Abi::i386, number_of(Abi::i386, "mmap2"), false));
  CHECK_FALSE(wants(parsed({"trace=?/^no_such"}), "write"));
  CHECK_FALSE(wants(parsed({"trace=?%nosuch"}), "write"));
}

TEST_CASE("all takes in what stands beside it") {
  const Selection selection = parsed({"trace=all,close,%vdso"});
  CHECK(wants(selection, "close"));
  CHECK(wants(selection, "write"));
  CHECK(wants(selection, "getrandom", true));
  CHECK_FALSE(wants(parsed({"trace=!read,all"}), "write"));
}

TEST_CASE("options of different kinds narrow each other") {
  const Selection selection = parsed({"trace=clock_gettime", "route=vdso", "signal=none"});
  CHECK(selection.wants(call_of("clock_gettime", Route::vdso)));
  CHECK_FALSE(selection.wants(call_of("clock_gettime", Route::fallback)));
  CHECK_FALSE(selection.wants(call_of("time", Route::vdso)));
  CHECK_FALSE(selection.wants_signal(SIGCHLD));
}

TEST_CASE("a later trace= replaces an earlier one") {
  const Selection selection = parsed({"trace=read", "trace=write"});
  CHECK(wants(selection, "write"));
  CHECK_FALSE(wants(selection, "read"));
}

TEST_CASE("%vdso depends on what the process's vDSO offers") {
  const Selection selection = parsed({"trace=%vdso"});
  CHECK(wants(selection, "getrandom", true));
  CHECK_FALSE(wants(selection, "getrandom", false));
  CHECK_FALSE(wants(parsed({"trace=!%vdso"}), "getrandom", true));
  CHECK(wants(parsed({"trace=!%vdso"}), "getrandom", false));
}

TEST_CASE("route= keeps the calls of those routes and nothing else") {
  const Selection selection = parsed({"route=fallback,syscall"});
  CHECK(selection.wants(call_of("clock_gettime", Route::fallback)));
  CHECK(selection.wants(call_of("clock_gettime", Route::syscall)));
  CHECK_FALSE(selection.wants(call_of("clock_gettime", Route::vdso)));
  CHECK_FALSE(selection.wants(call_of("write", std::nullopt)));
  CHECK_FALSE(selection.wants_ordinary_calls());
  CHECK(parsed({"route=!vdso"}).wants(call_of("time", Route::vsyscall)));
}

TEST_CASE("status= says how calls may end") {
  Call call;
  CHECK(status_of(call) == Status::unavailable);
  call.ending = Ending::returned;
  CHECK(status_of(call) == Status::successful);
  call.error = ENOENT;
  CHECK(status_of(call) == Status::failed);
  call.ending = Ending::unfinished;
  CHECK(status_of(call) == Status::unfinished);
  CHECK(parsed({}).wants_every_status());
  const Selection two = parsed({"status=successful,detached"});
  CHECK(two.wants_status(Status::successful));
  CHECK(two.wants_status(Status::detached));
  CHECK_FALSE(two.wants_status(Status::failed));
  CHECK_FALSE(parsed({"status=!failed"}).wants_status(Status::failed));
  CHECK(parsed({"status=!failed"}).wants_status(Status::unavailable));
  CHECK_FALSE(parsed({"status=none"}).wants_status(Status::failed));
  CHECK_FALSE(parsed({"status=successful", "status=failed"}).wants_status(Status::successful));
  CHECK_FALSE(Selection::parse(std::vector<std::string>{"status=happy"}));
}

TEST_CASE("signal= takes names with and without SIG, numbers and negation") {
  CHECK(parsed({"signal=CHLD"}).wants_signal(SIGCHLD));
  CHECK_FALSE(parsed({"signal=SIGCHLD"}).wants_signal(SIGTERM));
  CHECK(parsed({"signal=15"}).wants_signal(SIGTERM));
  CHECK_FALSE(parsed({"signal=none"}).wants_signal(SIGTERM));
  CHECK_FALSE(parsed({"signal=!term"}).wants_signal(SIGTERM));
  CHECK(parsed({"signal=!term"}).wants_signal(SIGHUP));
}

TEST_CASE("an unknown word is refusal_of with the nearest known one") {
  CHECK(refusal_of("trace=gettimeofdya").hint == "did you mean gettimeofday?");
  CHECK(refusal_of("trace=gettimeofdya").message == "-e trace=gettimeofdya: unknown system call");
  CHECK(refusal_of("trace=%vdos").hint == "did you mean %vdso?");
  CHECK(refusal_of("route=fallbakc").hint == "did you mean fallback?");
  CHECK(refusal_of("signal=SIGCHDL").hint == "did you mean SIGCHLD?");
  CHECK(refusal_of("trcae=read").hint == "did you mean trace?");
  CHECK_FALSE(refusal_of("trace=/(").message.empty());
  CHECK(refusal_of("trace=").message == "-e trace=: no call is named");
  CHECK(refusal_of("trace=,").message == "-e trace=: no call is named");
  CHECK(refusal_of("trace=/^no_such").message == "-e trace=/^no_such: no system call matches");
  CHECK(refusal_of("trace=99999").message == "-e trace=99999: unknown system call");
  CHECK(refusal_of("trace=read,close@foo").message == "-e trace=close@foo: unknown ABI");
  CHECK(refusal_of("trace=all,redd").hint == "did you mean read?");
  CHECK(refusal_of("signal=").message == "-e signal=: unknown signal");
  CHECK(refusal_of("signal=65").message == "-e signal=65: unknown signal");
  CHECK(refusal_of("route=").message == "-e route=: unknown route");
  CHECK(refusal_of("trace=" + std::string(100'000, 'x')).hint.empty());
}

TEST_CASE("route=all leaves nothing out, and asks for the vsyscall page") {
  const Selection selection = parsed({"route=all"});
  CHECK(selection.wants_ordinary_calls());
  CHECK(selection.asks_for_route(Route::vsyscall));
  CHECK_FALSE(Selection().asks_for_route(Route::vsyscall));
  CHECK_FALSE(parsed({"route=vdso"}).asks_for_route(Route::vsyscall));
}
