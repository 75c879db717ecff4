#include "engines/open_calls.hpp"
#include "support/catch.hpp"

#include <string>

using namespace vdsotrace;

namespace {

Call call_of(std::uint64_t id) {
  Call call;
  call.args[0] = id;
  return call;
}

/// Notes which calls were found to be left.
struct LeftCalls {
  std::string ids;
  OpenCalls::OnAbandoned note() {
    return [this](Call&& call) { ids += std::to_string(call.args[0]) + " "; };
  }
};

constexpr std::uint64_t kStack = 0x7fff'0000'1000;

}  // namespace

TEST_CASE("a call that returns leaves nothing open") {
  OpenCalls open;
  LeftCalls left;
  REQUIRE(open.enter(call_of(1), kStack, left.note()));
  const auto call = open.leave(kStack, left.note());
  REQUIRE(call);
  CHECK(call->args[0] == 1);
  CHECK(open.empty());
  CHECK(left.ids.empty());
}

TEST_CASE("a return without a call is nobody's") {
  OpenCalls open;
  LeftCalls left;
  CHECK_FALSE(open.leave(kStack, left.note()));
  open.enter(call_of(1), kStack, left.note());
  CHECK_FALSE(open.leave(kStack - 8, left.note()));
  CHECK_FALSE(open.empty());
}

TEST_CASE("a handler's call returns before the call that it interrupted") {
  OpenCalls open;
  LeftCalls left;
  open.enter(call_of(1), kStack, left.note());
  open.enter_handler(kStack - 64, false);
  open.enter(call_of(2), kStack - 1024, left.note());
  CHECK(open.leave(kStack - 1024, left.note())->args[0] == 2);
  open.leave_handler(kStack - 64, left.note());
  CHECK(open.leave(kStack, left.note())->args[0] == 1);
  CHECK(left.ids.empty());
}

TEST_CASE("a handler on an alternate stack above leaves the interrupted call open") {
  OpenCalls open;
  LeftCalls left;
  open.enter(call_of(1), kStack, left.note());
  open.enter_handler(kStack - 64, true);
  open.enter(call_of(2), kStack + 0x100000, left.note());
  CHECK(open.leave(kStack + 0x100000, left.note())->args[0] == 2);
  open.leave_handler(kStack - 64, left.note());
  CHECK(open.leave(kStack, left.note())->args[0] == 1);
  CHECK(left.ids.empty());
}

TEST_CASE("longjmp out of a handler leaves the interrupted call") {
  OpenCalls open;
  LeftCalls left;
  open.enter(call_of(1), kStack, left.note());
  open.enter_handler(kStack - 64, false);
  SECTION("found out by a system call further up the stack") {
    open.saw_code_outside_vdso(kStack + 256, left.note());
    CHECK(left.ids == "1 ");
  }
  SECTION("found out by the next vDSO call") {
    open.enter(call_of(2), kStack + 16, left.note());
    CHECK(left.ids == "1 ");
    CHECK(open.leave(kStack + 16, left.note())->args[0] == 2);
  }
  SECTION("found out by a call with its return address in the same place") {
    open.enter(call_of(2), kStack, left.note());
    CHECK(left.ids == "1 ");
  }
  SECTION("found out at the end of the thread") {
    open.end(left.note());
    CHECK(left.ids == "1 ");
  }
  SECTION("not by a system call of the handler") {
    open.saw_code_outside_vdso(kStack - 4096, left.note());
    CHECK(left.ids.empty());
  }
}

TEST_CASE("a call whose first instruction begins again is one call") {
  OpenCalls open;
  LeftCalls left;
  open.enter(call_of(1), kStack, left.note());
  open.begin_again();
  CHECK_FALSE(open.enter(call_of(2), kStack, left.note()));
  CHECK(open.leave(kStack, left.note())->args[0] == 1);
  CHECK(left.ids.empty());
}

TEST_CASE("frames that are never left stay bounded") {
  OpenCalls open;
  LeftCalls left;
  std::size_t lost = 0;
  const auto count = [&](Call&&) { ++lost; };
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    open.enter(call_of(i), kStack - 256 * i, count);
    open.enter_handler(kStack - 256 * i - 64, true);
  }
  open.end(count);
  CHECK(lost == 10'000);
}
