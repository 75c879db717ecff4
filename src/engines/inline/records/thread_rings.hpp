// The threads of one space: whose its records are, and who writes into which ring.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "engines/inline/records/record_owners.hpp"
#include "engines/inline/region/stub_region.hpp"

namespace vdsotrace {

/// A thread has the ring that its thread pointer leads to. Threads that have a pointer in common have no rings and use
/// the shared one, as threads without a pointer do; but a thread that waits for the child of its vfork lends its ring
/// to that. No thread need be stopped here: the caller says what is true.
class ThreadRings {
 public:
  explicit ThreadRings(pid_t tgid) : owners_(tgid) {}

  const RecordOwners& owners() const { return owners_; }
  /// The memory that has the rings from now on; null if there is none yet, then only owners are known.
  void set_region(StubRegion* region) { region_ = region; }

  /// Records with that pointer are the thread's own from now on. If other threads have the pointer as well, stacks show
  /// whose a record is. True if no other thread has it, so that the thread is to get a ring (StubBlocks::bind). There
  /// is a region.
  bool add(const Thread& thread, std::uint64_t pointer, std::uint64_t stack);
  /// Gives threads that were added before rings in a region that takes the place of another.
  void bind_again();
  /// Records of a thread whose pointer cannot be asked for yet are those of one that is followed.
  void expect(const Thread& thread) { owners_.expect(thread); }
  /// The thread has ended, or has another pointer now.
  void remove(pid_t tid, bool ended);
  /// The thread writes no more: what it has begun to write is passed over.
  void end_writing(pid_t tid);

  /// The creator waits until its child executes a program or ends: meanwhile the child has its ring, if it has its
  /// pointer, and records of both are the child's.
  void expect_vfork(pid_t child, pid_t creator) { owners_.expect_vfork(child, creator); }
  /// The thread has stopped, so it does not wait any more, if it did: its children have left its memory, and no record
  /// of theirs is in a ring.
  void end_vforks(pid_t tid);
  /// Whether `child` is one for which the thread has waited.
  bool has_waited_for(pid_t tid, pid_t child) const { return owners_.waits_for(child) == tid; }
  /// Which other thread has the thread's ring; 0: none.
  pid_t other_writer(pid_t tid) const;
  /// A ring that has been drained is the thread's again: the child that has it is gone.
  void take_back(pid_t tid);
  /// The thread's child is gone, but another thread has the ring: neither has one from now on.
  void give_up(pid_t tid);

 private:
  bool take_over(const Thread& thread, std::uint64_t pointer);

  RecordOwners owners_;
  StubRegion* region_ = nullptr;
};

}  // namespace vdsotrace
