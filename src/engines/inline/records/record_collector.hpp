// What the stubs of one address space have recorded: taken out of its rings, added up, and made calls.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engines/inline/records/stub_call.hpp"
#include "engines/inline/records/stub_sums.hpp"
#include "engines/inline/records/thread_rings.hpp"
#include "engines/inline/records/unreturned_calls.hpp"
#include "engines/inline/region/stub_region.hpp"
#include "trace/reporter.hpp"

namespace vdsotrace {

/// It refers to all that it is given. Nothing can be collected before there is a region.
class RecordCollector {
 public:
  /// `symbols`, where callers are to be found: the space's own.
  RecordCollector(const InstalledStubs& installed, const ThreadRings& threads, Symbols* symbols,
                  const Reporter& reporter);
  RecordCollector(const RecordCollector&) = delete;
  RecordCollector& operator=(const RecordCollector&) = delete;

  /// Stubs are to count calls whose callers are known; `timed`: also to add up how long they take.
  void count_by_callers(bool timed) { timed_paths_ = timed; }
  /// The region in which stubs write from now on. `tid`: a thread of the process, by which to look for Go's code where
  /// callers are wanted.
  void set_region(StubRegion& region, pid_t tid);

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
  UnreturnedCalls& unreturned() { return unreturned_; }
  /// Null where no callers are to be found.
  Symbols* symbols() const { return symbols_; }

 private:
  void take_system_call(StubRecord& record, std::vector<RecordedCall>& calls) const;
  std::optional<RecordedCall> recorded(std::optional<StubRecord> record) const;
  void take(StubRecord& record, const StackWindow& window, std::vector<RecordedCall>* calls);
  void find_callers_of(StubRecord& record, const StackWindow& window, pid_t tid);

  const InstalledStubs& installed_;
  const ThreadRings& threads_;
  Symbols* symbols_;
  StubRegion* region_ = nullptr;
  std::vector<std::int64_t> capable_numbers_;
  std::optional<bool> timed_paths_;  ///< whether they are; nothing: there are to be none
  StubSums sums_;
  UnreturnedCalls unreturned_;
};

}  // namespace vdsotrace
