// Who writes into which ring.
#include "engines/inline/records/thread_rings.hpp"
#include "support/own_stubs.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

constexpr pid_t kLeader = 100, kChildOfLeader = 101, kGrandchild = 102;
constexpr std::uint64_t kTheirs = 0x7f00'0000'0740, kOthers = 0x7f00'0000'1740;
constexpr std::uint64_t kTop = 0x7ffd'0000'8000;

Thread thread_numbered(pid_t tid) {
  Thread thread;
  thread.tid = tid;
  thread.tgid = kLeader;
  thread.phase = Thread::Phase::live;
  return thread;
}

/// Threads that share a region with us.
struct Ringed {
  explicit Ringed(std::optional<RecordSize> size = RecordSize::values) : shared(size) {
    shared.make_room(4);
    rings.set_region(&*shared.region);
  }
  /// As StubSpace::bind_thread does. Whether it got a ring by that.
  bool add(const Thread& thread, std::uint64_t pointer = kTheirs, std::uint64_t stack = kTop) {
    const bool alone = rings.add(thread, pointer, stack);
    if (alone) shared.region->blocks().bind(pointer, thread.tid);
    return alone;
  }
  pid_t writer(std::uint64_t pointer = kTheirs) const { return shared.region->blocks().writer(pointer); }
  std::optional<std::uint64_t> pointer_of(pid_t tid) const { return rings.owners().pointer_of(tid); }

  Shared shared;
  ThreadRings rings{kLeader};
  const Thread leader = thread_numbered(kLeader), second = thread_numbered(kChildOfLeader),
               third = thread_numbered(kGrandchild);
};

TEST_CASE("a thread that has its pointer alone gets a ring", "[thread_rings]") {
  Ringed with;
  CHECK(with.add(with.leader));
  CHECK(with.add(with.second, kOthers));
  CHECK(with.writer() == kLeader);
  CHECK(with.writer(kOthers) == kChildOfLeader);
  CHECK(with.rings.other_writer(kLeader) == 0);
  with.rings.remove(kChildOfLeader, true);
  CHECK(with.writer(kOthers) == 0);
  CHECK(with.writer() == kLeader);
}

TEST_CASE("of threads with one pointer none has a ring until one is left", "[thread_rings]") {
  Ringed with;
  CHECK(with.add(with.leader));
  CHECK_FALSE(with.add(with.second));
  CHECK(with.writer() == 0);
  const bool ended = GENERATE(true, false);
  with.rings.remove(kLeader, ended);
  CHECK(with.writer() == kChildOfLeader);
}

TEST_CASE("a thread that takes another pointer leaves its ring", "[thread_rings]") {
  Ringed with;
  with.add(with.leader);
  with.rings.remove(kLeader, false);
  CHECK(with.writer() == 0);
  CHECK(with.add(with.leader, kOthers));
  CHECK(with.writer(kOthers) == kLeader);
}

TEST_CASE("who waits for the child of its vfork lends it the ring", "[thread_rings]") {
  Ringed with;
  with.add(with.leader);
  with.rings.expect_vfork(kChildOfLeader, kLeader);
  CHECK_FALSE(with.add(with.second));
  CHECK(with.writer() == kChildOfLeader);
  CHECK(with.rings.other_writer(kLeader) == kChildOfLeader);
  CHECK(with.rings.other_writer(kChildOfLeader) == 0);
  CHECK(with.rings.has_waited_for(kLeader, kChildOfLeader));
  SECTION("and has it again when the child's end is seen") {
    with.rings.remove(kChildOfLeader, true);
    CHECK(with.writer() == kLeader);
    CHECK_FALSE(with.rings.has_waited_for(kLeader, kChildOfLeader));
  }
  SECTION("and takes it back where that is not seen") {
    with.rings.take_back(kLeader);
    CHECK(with.writer() == kLeader);
    CHECK_FALSE(with.pointer_of(kChildOfLeader));
    // Its end comes late.
    with.rings.remove(kChildOfLeader, true);
    CHECK(with.writer() == kLeader);
  }
  SECTION("and so does the child with one of its own") {
    with.rings.expect_vfork(kGrandchild, kChildOfLeader);
    CHECK_FALSE(with.add(with.third));
    CHECK(with.writer() == kGrandchild);
    with.rings.remove(kGrandchild, true);
    CHECK(with.writer() == kChildOfLeader);
  }
  SECTION("of which nobody has it while one may be writing there that runs on") {
    with.rings.expect_vfork(kGrandchild, kChildOfLeader);
    with.add(with.third);
    with.rings.remove(kChildOfLeader, true);
    CHECK(with.rings.other_writer(kLeader) == kGrandchild);
    CHECK_FALSE(with.rings.has_waited_for(kLeader, kGrandchild));
    with.rings.give_up(kLeader);
    CHECK(with.writer() == 0);
    CHECK(with.shared.region->rings().count() == 1);
    with.rings.remove(kGrandchild, true);
    CHECK(with.writer() == kLeader);
  }
  CHECK(with.shared.region->rings().count() == 1);
}

TEST_CASE("a child that got no ring of its creator's leaves it one", "[thread_rings]") {
  Ringed with(std::nullopt);
  with.add(with.leader);
  with.rings.expect_vfork(kChildOfLeader, kLeader);
  CHECK_FALSE(with.add(with.second));
  CHECK(with.writer() == 0);
  with.rings.end_vforks(kChildOfLeader);
  CHECK(with.pointer_of(kChildOfLeader));
  with.rings.end_vforks(kLeader);
  CHECK_FALSE(with.pointer_of(kChildOfLeader));
  CHECK(with.writer() == kLeader);
}

TEST_CASE("only a child that is waited for takes a ring over", "[thread_rings]") {
  Ringed with;
  with.add(with.leader);
  with.rings.expect_vfork(kChildOfLeader, kGrandchild);
  CHECK_FALSE(with.add(with.second));
  CHECK(with.writer() == 0);
}

TEST_CASE("in another region threads have rings again that had one", "[thread_rings]") {
  Ringed with;
  with.add(with.leader);
  with.add(with.second, kOthers);
  with.add(with.third, kOthers);
  Shared next(RecordSize::values);
  next.make_room(4);
  with.rings.set_region(&*next.region);
  with.rings.bind_again();
  CHECK(next.region->blocks().writer(kTheirs) == kLeader);
  CHECK(next.region->blocks().writer(kOthers) == 0);
}

TEST_CASE("without a region threads come and go all the same", "[thread_rings]") {
  ThreadRings rings(kLeader);
  CHECK(rings.add(thread_numbered(kLeader), kTheirs, kTop));
  CHECK(rings.other_writer(kLeader) == 0);
  rings.end_writing(kLeader);
  rings.remove(kLeader, true);
  CHECK_FALSE(rings.owners().pointer_of(kLeader));
}

}  // namespace
}  // namespace vdsotrace
