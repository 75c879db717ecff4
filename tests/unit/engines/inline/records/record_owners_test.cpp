// Whose a record is that a stub has written.
#include "engines/inline/records/record_owners.hpp"
#include "support/catch.hpp"

namespace vdsotrace {
namespace {

constexpr pid_t kProcess = 100;
constexpr std::uint64_t kPointer = 0x7f00'0000'0740;
constexpr std::uint64_t kStack = 0x7ffd'0000'8000;

Thread thread_of(pid_t tid, Thread::Role role = Thread::Role::traced) {
  Thread thread;
  thread.tid = tid;
  thread.tgid = kProcess;
  thread.phase = Thread::Phase::live;
  thread.role = role;
  return thread;
}

/// `tid`: whose ring it lay in, 0 for the shared one.
StubRecord record_of(std::uint64_t pointer, pid_t tid, std::uint64_t stack = kStack) {
  StubRecord record;
  record.key = pointer + 1;
  record.tid = tid;
  record.stack = stack;
  return record;
}

TEST_CASE("a ring of its own names a record's thread", "[record_owners]") {
  RecordOwners owners(kProcess);
  const Thread first = thread_of(101), second = thread_of(102);
  CHECK(owners.add(first, kPointer, kStack) == 1);
  CHECK(owners.add(second, kPointer, kStack + 0x1000) == 2);
  CHECK(owners.owner_of(record_of(kPointer, 101)).thread == &first);
  CHECK(owners.owner_of(record_of(kPointer, 102)).thread == &second);
  CHECK(owners.pointer_of(101) == kPointer);
}

TEST_CASE("a record outlives its thread", "[record_owners]") {
  RecordOwners owners(kProcess);
  const Thread gone = thread_of(101), next = thread_of(102, Thread::Role::guarded);
  owners.add(gone, kPointer, kStack);
  const auto left = owners.remove(101, true);
  REQUIRE(left);
  CHECK((left->pointer == kPointer && left->threads == 0));
  owners.add(next, kPointer, kStack);
  const auto owner = owners.owner_of(record_of(kPointer, 101));
  CHECK((owner.tid == 101 && owner.is_reported && owner.thread == nullptr));
  CHECK_FALSE(owners.owner_of(record_of(kPointer, 102)).is_reported);
  CHECK_FALSE(owners.pointer_of(101));
  CHECK_FALSE(owners.remove(101, true));
}

TEST_CASE("in the shared ring the pointer names the thread that has it alone", "[record_owners]") {
  RecordOwners owners(kProcess);
  const Thread only = thread_of(101);
  owners.add(only, kPointer, kStack);
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack + 0x100)).thread == &only);
}

TEST_CASE("of threads with one pointer the stack decides", "[record_owners]") {
  RecordOwners owners(kProcess);
  const Thread low = thread_of(101), high = thread_of(102), above = thread_of(103);
  owners.add(high, kPointer, kStack + 0x2000);
  owners.add(low, kPointer, kStack);
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack - 0x100)).tid == 101);
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack + 0x1000)).tid == 102);
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack + 0x3000)).tid == 0);
  // The child of a vfork runs on its parent's stack, while that waits.
  owners.add(above, kPointer, kStack);
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack - 0x100)).tid == 103);
}

TEST_CASE("of threads that had one pointer the stack decides as well", "[record_owners]") {
  RecordOwners owners(kProcess);
  const Thread stays = thread_of(101), goes = thread_of(102);
  owners.add(stays, kPointer, kStack);
  owners.add(goes, kPointer, kStack + 0x2000);
  const auto left = owners.remove(102, true);
  REQUIRE(left);
  CHECK((left->threads == 1 && left->only == 101));
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack + 0x1000)).tid == 102);
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack - 0x100)).tid == 101);
}

TEST_CASE("a creator that has waited for its child goes on with the stack", "[record_owners]") {
  RecordOwners owners(kProcess);
  const Thread creator = thread_of(101), child = thread_of(102), other = thread_of(103);
  owners.add(creator, kPointer, kStack);
  owners.expect_vfork(102, 101);
  CHECK(owners.waits_for(102) == 101);
  CHECK_FALSE(owners.waits_for(101));
  owners.add(child, kPointer, kStack);
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack - 0x100)).tid == 102);
  // The end of the child has not been seen.
  owners.end_waiting(103);
  CHECK(owners.pointer_of(102));
  owners.end_waiting(101);
  CHECK_FALSE(owners.waits_for(102));
  CHECK_FALSE(owners.pointer_of(102));
  CHECK(owners.owner_of(record_of(kPointer, 102)).tid == 102);
  owners.add(other, kPointer, kStack + 0x2000);
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack - 0x100)).tid == 101);
}

TEST_CASE("who waits for a child has no records", "[record_owners]") {
  RecordOwners owners(kProcess);
  const Thread creator = thread_of(101), child = thread_of(102), other = thread_of(103);
  owners.add(creator, kPointer, kStack);
  owners.add(other, kPointer, kStack + 0x2000);
  owners.expect_vfork(102, 101);
  owners.add(child, kPointer, kStack - 0x200);
  CHECK(owners.waited_for_by(101) == std::vector<pid_t>{102});
  CHECK(owners.waited_for_by(103).empty());
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack - 0x300)).tid == 102);
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack - 0x100)).tid == 103);
  // The child's end has been seen before the creator has stopped, and its stack is the creator's again.
  REQUIRE(owners.remove(102, true));
  CHECK(owners.waited_for_by(101).empty());
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack - 0x100)).tid == 101);
  CHECK(owners.owner_of(record_of(kPointer, 0, kStack - 0x300)).tid == 101);
}

TEST_CASE("a record that is nobody's is the process's", "[record_owners]") {
  RecordOwners owners(kProcess);
  Thread expected = thread_of(201);
  expected.tgid = 200;
  CHECK_FALSE(owners.owner_of(record_of(kPointer, 0)).is_reported);
  owners.expect(expected);
  const auto owner = owners.owner_of(record_of(kPointer, 0));
  CHECK((owner.tid == 0 && owner.tgid == 200 && owner.is_reported && owner.thread == nullptr));
}

TEST_CASE("a thread that takes another pointer leaves nothing at the first", "[record_owners]") {
  RecordOwners owners(kProcess);
  const Thread thread = thread_of(101);
  owners.add(thread, kPointer, kStack);
  REQUIRE(owners.remove(101, false));
  owners.add(thread, kPointer + 64, kStack);
  CHECK(owners.owner_of(record_of(kPointer, 0)).tid == 0);
  CHECK(owners.owner_of(record_of(kPointer + 64, 0)).tid == 101);
}

}  // namespace
}  // namespace vdsotrace
