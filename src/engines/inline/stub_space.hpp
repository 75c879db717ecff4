// The stubs of one address space: where they are, its threads' part in them, and what they have seen.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engines/inline/installed_stubs.hpp"
#include "engines/inline/record_owners.hpp"
#include "engines/inline/stub_call.hpp"
#include "engines/inline/stub_region.hpp"
#include "engines/inline/stub_tally.hpp"
#include "engines/inline/unreturned_calls.hpp"
#include "trace/reporter.hpp"

namespace vdsotrace {

/// How many run in the stubs of one space, and whether the last of them may take the memory with it.
class StubMembers {
 public:
  /// One more thread or process. False from leave(): that was the last.
  void enter() { ++count_; }
  bool leave() { return --count_ > 0; }
  bool is_last() const { return count_ == 1; }

  /// A thread could not be brought out: it will come out by itself, but its code must stay.
  void keep_mapped() { keep_mapped_ = true; }
  bool may_be_unmapped() const { return !keep_mapped_; }

 private:
  int count_ = 1;
  bool keep_mapped_ = false;
};

class StubSpace {
 public:
  /// `symbols`, where callers are to be found: the space's own.
  StubSpace(const InstalledStubs& installed, pid_t tgid, Symbols* symbols, const Reporter& reporter);
  StubSpace(const StubSpace&) = delete;
  StubSpace& operator=(const StubSpace&) = delete;

  /// Stubs are to count calls whose callers are known; `timed`: also to add up how long they take.
  void count_by_callers(bool timed) { timed_paths_ = timed; }

  const InstalledStubs& installed() const { return installed_; }
  pid_t tgid() const { return owners_.tgid(); }
  /// Some thread of it is followed.
  bool is_reported() const { return owners_.is_reported(); }
  /// Null where no callers are to be found.
  Symbols* symbols() const { return symbols_; }
  UnreturnedCalls& unreturned() { return unreturned_; }

  /// Null in a fork's child until it gets its own.
  StubRegion* region() const { return region_.get(); }
  /// `tid`: of the process, by which to look for Go's code where callers are wanted.
  void set_region(std::unique_ptr<StubRegion> region, pid_t tid);
  /// How much of a region is mapped behind the code: its own, or its parent's.
  std::uint64_t mapped_bytes() const { return region_ != nullptr ? region_->bytes() : inherited_bytes_; }
  void inherit(std::uint64_t bytes) { inherited_bytes_ = bytes; }

  StubMembers& members() { return members_; }
  const StubMembers& members() const { return members_; }

  /// Records with the stopped thread's pointer are its own from now on, or those of all threads with that pointer: then
  /// their stacks show whose. Makes room for one more thread where there is none.
  void bind_thread(StoppedThread& stopped);
  /// Gives threads that were bound before blocks in a region that takes the place of another.
  void bind_known_threads();
  /// Records of a thread whose pointer cannot be asked for yet are those of one that is followed.
  void expect_thread(const Thread& thread) { owners_.expect(thread); }
  /// The thread is gone, or has another pointer now.
  void unbind_thread(pid_t tid, bool ended);
  /// The creator waits until its child executes a program or ends: meanwhile the child has its ring, if it has its
  /// pointer, and records of both are the child's.
  void expect_vfork(const Thread& child, const Thread& creator) { owners_.expect_vfork(child.tid, creator.tid); }
  /// The thread has stopped and goes on now, if it has waited so: its children have left its memory, and no record of
  /// theirs is in a ring.
  void end_vforks(pid_t tid);
  /// Which other thread has the ring of that one; 0: none.
  pid_t other_writer(pid_t tid) const;
  /// Whether that one is a child for which the thread has waited.
  bool has_waited_for(pid_t tid, pid_t child) const { return owners_.waits_for(child) == tid; }
  /// The thread writes no more: what it has begun to write is passed over.
  void end_writing(pid_t tid);
  /// A ring that has been drained is the thread's again: the child that has it is gone.
  void take_ring_back(pid_t tid);
  /// The thread's child is gone, but who has the ring is not: both are without.
  void give_ring_up(pid_t tid);
  /// The pointer with which a thread has joined.
  std::optional<std::uint64_t> pointer_of(pid_t tid) const { return owners_.pointer_of(tid); }

  /// Takes all records out of the rings, adds them up, and puts those of threads that are followed into `calls`, if
  /// that is given. `final`: no thread writes any more. Answers how many were lost.
  std::uint64_t collect(bool final, std::vector<RecordedCall>* calls);
  /// The same for the ring of one thread, and the shared one.
  std::uint64_t collect_of(pid_t tid, std::vector<RecordedCall>* calls);

  /// System calls in which threads sleep that they have begun in stubs before `counter` (the time-stamp counter), each
  /// once, behind the records that have been collected.
  void collect_open_system_calls(std::uint64_t counter, std::vector<RecordedCall>& calls);
  /// That of one thread, whether it has been collected or not.
  std::optional<RecordedCall> open_system_call(pid_t tid);
  /// The thread makes it once more from the beginning. Answers it if it has been collected.
  std::optional<RecordedCall> abandon_system_call(pid_t tid);

  /// What is to be reported as sums when no thread writes any more: everything, or at StubDepth::values the calls that
  /// were entered and never left, because their thread ended, executed or jumped out.
  std::vector<CallTally> totals(StubDepth depth);
  /// Of calls that are summed up: those that are new since they were asked for.
  std::vector<CallTally> new_sums();

 private:
  void take_system_call(StubRecord& record, std::vector<RecordedCall>& calls) const;
  std::optional<RecordedCall> recorded(std::optional<StubRecord> record) const;
  void take(StubRecord& record, const StackWindow& window, std::vector<RecordedCall>* calls);
  void find_callers_of(StubRecord& record, const StackWindow& window, pid_t tid);
  bool take_over_ring(const Thread& thread, std::uint64_t pointer);
  void add_counted();
  void add_unreturned(const Call& call);

  InstalledStubs installed_;
  std::vector<std::int64_t> capable_numbers_;
  std::unique_ptr<StubRegion> region_;
  std::uint64_t inherited_bytes_ = 0;
  Symbols* symbols_;
  std::optional<bool> timed_paths_;     ///< whether they are; nothing: there are to be none
  std::shared_ptr<CallerPaths> paths_;  ///< null where stubs do not count by callers
  StubMembers members_;
  RecordOwners owners_;
  UnreturnedCalls unreturned_;
  CallTallies tallies_;
  std::uint64_t lost_ = 0;
};

}  // namespace vdsotrace
