#include "engines/syscalls/sites/memory_sharers.hpp"

#include "support/scripted_stop.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

TEST_CASE("a thread is alone in its memory until others share it and run") {
  StoppedTask one;
  MemorySharers sharers;
  CHECK(sharers.others_than(one.stopped) == Others::stopped);
  CHECK(sharers.may_meet_jumps());
  const auto shared = one.thread.space;
  sharers.admit(7, true);
  CHECK(sharers.others_than(one.stopped) == Others::running);
  CHECK(sharers.may_meet_jumps());
}

TEST_CASE("a thread that waits for its vfork's child does not run") {
  StoppedTask one;
  MemorySharers sharers;
  const auto shared = one.thread.space;
  sharers.note_waiting(7);
  CHECK(sharers.others_than(one.stopped) == Others::stopped);
  sharers.note_running(8);
  CHECK(sharers.others_than(one.stopped) == Others::stopped);
  sharers.note_running(7);
  CHECK(sharers.others_than(one.stopped) == Others::running);
}

TEST_CASE("no jump is to be met while a child is there that is not followed") {
  MemorySharers sharers;
  sharers.admit(7, false);
  sharers.admit(8, true);
  sharers.note_gone(8);
  CHECK_FALSE(sharers.may_meet_jumps());
  sharers.note_gone(7);
  CHECK(sharers.may_meet_jumps());
}

TEST_CASE("a fork's child learns whether others ran while its memory was copied, and begins alone") {
  StoppedTask one;
  MemorySharers sharers;
  CHECK_FALSE(MemorySharers(sharers).begin_alone());
  sharers.admit(8, false);
  sharers.note_waiting(7);
  MemorySharers copy = sharers;
  CHECK(copy.begin_alone());
  CHECK(copy.may_meet_jumps());
  CHECK_FALSE(copy.begin_alone());
  const auto shared = one.thread.space;
  CHECK(copy.others_than(one.stopped) == Others::running);
}
