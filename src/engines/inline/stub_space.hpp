// The stubs of one address space: where they are, its threads' part in them, and what they have seen.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engines/inline/installed_stubs.hpp"
#include "engines/inline/stub_call.hpp"
#include "engines/inline/stub_region.hpp"
#include "engines/inline/stub_sums.hpp"
#include "engines/inline/thread_rings.hpp"
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
  pid_t tgid() const { return threads_.owners().tgid(); }
  /// Some thread of it is followed.
  bool is_reported() const { return threads_.owners().is_reported(); }
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

  /// Of its threads, one of which is bound as soon as its pointer is known, and unbound at its end.
  ThreadRings& threads() { return threads_; }
  const ThreadRings& threads() const { return threads_; }
  /// ThreadRings::add of a thread that is stopped: makes room for one more ring where there is none.
  void bind_thread(StoppedThread& stopped);
  /// The pointer with which a thread was bound.
  std::optional<std::uint64_t> pointer_of(pid_t tid) const { return threads_.owners().pointer_of(tid); }

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

  StubSums& sums() { return sums_; }

 private:
  void take_system_call(StubRecord& record, std::vector<RecordedCall>& calls) const;
  std::optional<RecordedCall> recorded(std::optional<StubRecord> record) const;
  void take(StubRecord& record, const StackWindow& window, std::vector<RecordedCall>* calls);
  void find_callers_of(StubRecord& record, const StackWindow& window, pid_t tid);

  InstalledStubs installed_;
  std::vector<std::int64_t> capable_numbers_;
  std::unique_ptr<StubRegion> region_;
  std::uint64_t inherited_bytes_ = 0;
  Symbols* symbols_;
  std::optional<bool> timed_paths_;  ///< whether they are; nothing: there are to be none
  StubMembers members_;
  ThreadRings threads_;
  StubSums sums_;
  UnreturnedCalls unreturned_;
};

}  // namespace vdsotrace
