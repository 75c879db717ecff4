#include "vdsotrace/injection.hpp"

#include <cerrno>
#include <csignal>

#include "model/syscalls/spec.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

Injections taken(std::vector<std::string> expressions) {
  auto injections = Injections::take(expressions);
  INFO((injections ? std::string() : injections.error().message));
  REQUIRE(injections);
  return std::move(*injections);
}

Error refused(const std::string& expression) {
  std::vector<std::string> expressions{expression};
  auto injections = Injections::take(expressions);
  REQUIRE_FALSE(injections);
  return injections.error();
}

const Injection* of(const Injections& injections, std::string_view name, bool vdso_capable = false) {
  return injections.of(Abi::x86_64, number_of(Abi::x86_64, name), vdso_capable);
}

Invocations when(const std::string& text) {
  const auto injections = taken({"inject=chdir:error=1:when=" + text});
  return of(injections, "chdir")->when;
}

}  // namespace

TEST_CASE("expressions of inject= and fault= are taken out of the others", "[injection]") {
  std::vector<std::string> expressions{"trace=all", "inject=chdir:error=EIO", "signal=none", "fault=open"};
  const auto injections = Injections::take(expressions);
  REQUIRE(injections);
  CHECK(expressions == std::vector<std::string>{"trace=all", "signal=none"});
  CHECK(of(*injections, "chdir")->error == EIO);
  CHECK(of(*injections, "open")->error == ENOSYS);
  CHECK(of(*injections, "close") == nullptr);
}

TEST_CASE("the last expression that names a call counts", "[injection]") {
  const auto injections = taken({"inject=%file:error=EIO", "inject=chdir:error=EPERM"});
  CHECK(of(injections, "chdir")->error == EPERM);
  CHECK(of(injections, "unlink")->error == EIO);
}

TEST_CASE("calls of the vDSO are named by %vdso", "[injection]") {
  const auto injections = taken({"inject=%vdso:error=EIO"});
  CHECK(of(injections, "clock_gettime", true) != nullptr);
  CHECK(of(injections, "clock_gettime", false) == nullptr);
}

TEST_CASE("when= says which invocations are meant", "[injection]") {
  const auto meant = [](const std::string& text) {
    const Invocations invocations = when(text);
    std::string found;
    for (std::uint32_t i = 1; i <= 9; ++i) {
      if (invocations.contains(i)) found += static_cast<char>('0' + i);
    }
    return found;
  };
  CHECK(meant("3") == "3");
  CHECK(meant("3+") == "3456789");
  CHECK(meant("3+2") == "3579");
  CHECK(meant("3..6") == "3456");
  CHECK(meant("3..6+") == "3456");
  CHECK(meant("3..8+3") == "36");
  CHECK_FALSE(when("65535+").contains(65534));
}

TEST_CASE("results are errors or numbers", "[injection]") {
  CHECK(of(taken({"inject=chdir:error=EAGAIN"}), "chdir")->register_value() == -EAGAIN);
  CHECK(of(taken({"inject=chdir:error=EWOULDBLOCK"}), "chdir")->error == EAGAIN);
  CHECK(of(taken({"inject=chdir:error=4095"}), "chdir")->error == 4095);
  CHECK(of(taken({"inject=chdir:retval=0xff"}), "chdir")->register_value() == 255);
  CHECK(of(taken({"inject=chdir:retval=010"}), "chdir")->register_value() == 8);
  CHECK(of(taken({"inject=chdir:retval=0"}), "chdir")->replaces());
  CHECK(of(taken({"inject=chdir:retval=-2"}), "chdir")->register_value() == -2);
}

TEST_CASE("signals, delays and bytes", "[injection]") {
  const auto injections =
      taken({"inject=chdir:signal=usr1:delay_enter=5:delay_exit=1.5ms:poke_enter=@arg1=0aFF,@arg3=00"});
  const Injection& injection = *of(injections, "chdir");
  CHECK_FALSE(injection.replaces());
  CHECK(injection.signal == SIGUSR1);
  CHECK(injections.send_signals());
  CHECK(injection.enter_delay_ns == 5'000);
  CHECK(injection.exit_delay_ns == 1'500'000);
  REQUIRE(injection.enter_pokes.size() == 2);
  CHECK(injection.enter_pokes[0].argument == 0);
  CHECK(injection.enter_pokes[0].bytes == std::vector<std::byte>{std::byte{0x0a}, std::byte{0xff}});
  CHECK(injection.enter_pokes[1].argument == 2);
}

TEST_CASE("what makes no sense is named", "[injection]") {
  for (const char* text : {"inject=chdir:error=0",
                           "inject=chdir:error=4096",
                           "inject=chdir:error=",
                           "inject=chdir:retval=x",
                           "inject=chdir:error=1:error=2",
                           "inject=chdir:error=1:retval=2",
                           "inject=chdir:signal=65",
                           "inject=chdir:signal=1:signal=2",
                           "inject=chdir:delay_enter=-1",
                           "inject=chdir:delay_enter=1h",
                           "inject=chdir:delay_enter=nan",
                           "inject=chdir:poke_enter=@arg0=00",
                           "inject=chdir:poke_enter=@arg1=0",
                           "inject=chdir:poke_enter=@arg1=0g",
                           "inject=chdir:poke_exit=@arg1=00,@arg1=00",
                           "inject=chdir:poke_exit=arg1=00",
                           "inject=chdir:retval=1:syscall=chdir",
                           "inject=chdir:error=1:when=",
                           "inject=chdir:error=1:when=65536",
                           "inject=chdir:error=1:when=1..65535",
                           "inject=chdir:error=1:when=1+0",
                           "inject=chdir:error=1:when=1x",
                           "inject=chdir:error=1:when=2..1"}) {
    INFO(text);
    const Error error = refused(text);
    CHECK(error.message.ends_with(" makes no sense"));
    CHECK_FALSE(error.hint.empty());
  }
  CHECK(refused("inject=chdir").message == "-e inject=chdir: nothing to inject");
  CHECK(refused("inject=chdir:when=2").message == "-e inject=chdir:when=2: nothing to inject");
  CHECK(refused("fault=chdir:retval=2").message == "-e fault=chdir:retval=2: retval= is unknown here");
  CHECK(refused("inject=chdri:error=1").message == "-e inject=chdri: unknown system call");
}
