#include "vdsotrace/selection.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <vector>

#include "model/syscalls/spec.hpp"

using namespace vdsotrace;

namespace {

Selection parsed(std::vector<std::string> expressions) {
  auto selection = Selection::parse(expressions);
  INFO((selection ? std::string() : selection.error().message));
  REQUIRE(selection);
  return std::move(*selection);
}

Error refused(const std::string& expression) {
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

TEST_CASE("signal= takes names with and without SIG, numbers and negation") {
  CHECK(parsed({"signal=CHLD"}).wants_signal(SIGCHLD));
  CHECK_FALSE(parsed({"signal=SIGCHLD"}).wants_signal(SIGTERM));
  CHECK(parsed({"signal=15"}).wants_signal(SIGTERM));
  CHECK_FALSE(parsed({"signal=none"}).wants_signal(SIGTERM));
  CHECK_FALSE(parsed({"signal=!term"}).wants_signal(SIGTERM));
  CHECK(parsed({"signal=!term"}).wants_signal(SIGHUP));
}

TEST_CASE("an unknown word is refused with the nearest known one") {
  CHECK(refused("trace=gettimeofdya").hint == "did you mean gettimeofday?");
  CHECK(refused("trace=gettimeofdya").message == "-e trace=gettimeofdya: unknown system call");
  CHECK(refused("trace=%vdos").hint == "did you mean %vdso?");
  CHECK(refused("route=fallbakc").hint == "did you mean fallback?");
  CHECK(refused("signal=SIGCHDL").hint == "did you mean SIGCHLD?");
  CHECK(refused("trcae=read").hint == "did you mean trace?");
  CHECK_FALSE(refused("trace=/(").message.empty());
  CHECK_FALSE(refused("trace=").message.empty());
}
