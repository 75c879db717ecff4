// Calls that a handler interrupts, and system calls of functions that have not returned.
#include <string>

#include "engines/inline/records/unreturned_calls.hpp"
#include "support/catch.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kStackAt = 0x7ffd'0000'8000;

Thread thread_at(pid_t tid) {
  Thread thread;
  thread.tid = tid;
  return thread;
}

Call call_of(std::uint64_t id) {
  Call call;
  call.args[0] = id;
  return call;
}

/// Notes what is abandoned, by thread.
struct Abandoned {
  std::string notes;
  UnreturnedCalls calls{[this](const Thread& thread, Call&& call) {
    notes += std::to_string(thread.tid) + ":" + std::to_string(call.args[0]) + " ";
  }};
};

TEST_CASE("a system call is taken once, by its own thread", "[unreturned_calls]") {
  Abandoned abandoned;
  abandoned.calls.note_fallback(1, call_of(7));
  CHECK_FALSE(abandoned.calls.take_fallback(2));
  const auto call = abandoned.calls.take_fallback(1);
  REQUIRE(call);
  CHECK(call->args[0] == 7);
  CHECK_FALSE(abandoned.calls.take_fallback(1));
  abandoned.calls.end(thread_at(1));
  CHECK(abandoned.notes.empty());
}

TEST_CASE("an interrupted call that returns is not abandoned", "[unreturned_calls]") {
  Abandoned abandoned;
  const Thread thread = thread_at(1);
  abandoned.calls.interrupt(thread, call_of(7), kStackAt, 50);
  REQUIRE(abandoned.calls.innermost(1) != nullptr);
  CHECK(abandoned.calls.innermost(1)->args[0] == 7);
  abandoned.calls.enter_handler(1, kStackAt - 64, false);
  CHECK(abandoned.calls.innermost(1) == nullptr);
  abandoned.calls.saw_code_outside_vdso(thread, kStackAt - 1024);
  abandoned.calls.leave_handler(thread, kStackAt - 64);
  abandoned.calls.on_return(thread, kStackAt, 50);
  abandoned.calls.end(thread);
  CHECK(abandoned.notes.empty());
}

TEST_CASE("an interrupted call that its handler has jumped out of is abandoned", "[unreturned_calls]") {
  Abandoned abandoned;
  const Thread thread = thread_at(1);
  abandoned.calls.interrupt(thread, call_of(7), kStackAt, 50);
  abandoned.calls.enter_handler(1, kStackAt - 64, false);
  SECTION("by what runs next") { abandoned.calls.saw_code_outside_vdso(thread, kStackAt + 64); }
  SECTION("by a call that returns above") { abandoned.calls.on_return(thread, kStackAt + 64, 60); }
  SECTION("by a call from the same place") { abandoned.calls.on_return(thread, kStackAt, 60); }
  CHECK(abandoned.notes == "1:7 ");
}

TEST_CASE("a thread's end abandons what it was in", "[unreturned_calls]") {
  Abandoned abandoned;
  abandoned.calls.interrupt(thread_at(1), call_of(7), kStackAt, 50);
  abandoned.calls.note_fallback(1, call_of(8));
  abandoned.calls.note_fallback(2, call_of(9));
  abandoned.calls.end(thread_at(1));
  CHECK(abandoned.notes == "1:7 1:8 ");
  abandoned.calls.end(thread_at(1));
  abandoned.calls.end(thread_at(2));
  CHECK(abandoned.notes == "1:7 1:8 2:9 ");
}

TEST_CASE("a call that returns leaves its thread's system call to the next record", "[unreturned_calls]") {
  Abandoned abandoned;
  const Thread thread = thread_at(1);
  abandoned.calls.note_fallback(1, call_of(8));
  abandoned.calls.on_return(thread, kStackAt, 60);
  REQUIRE(abandoned.calls.take_fallback(1));
  CHECK(abandoned.notes.empty());
}

}  // namespace
}  // namespace vdsotrace
