// The calls of one space as sums: by function, clock, route and callers.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "engines/inline/code/installed_stubs.hpp"
#include "engines/inline/region/caller_paths.hpp"
#include "engines/inline/region/stub_region.hpp"
#include "engines/inline/region/stub_tally.hpp"

namespace vdsotrace {

/// Adds up what records and what the stubs' own counters show, each call once.
class StubSums {
 public:
  /// Refers to `installed` as long as it lives.
  explicit StubSums(const InstalledStubs& installed) : installed_(installed) {}

  /// Where stubs count calls by their callers from now on; null: they do not. What the ones before have counted is to
  /// be taken first.
  void set_paths(std::shared_ptr<CallerPaths> paths) { paths_ = std::move(paths); }
  CallerPaths* paths() const { return paths_.get(); }

  /// A record of a call of one of the functions.
  void add(const StubRecord& record, Route route) { tallies_.add(record, is_clocked(record.function), route); }
  /// A call that never returned is reported by itself: it is not to be among those that were entered only.
  void add_unreturned(const Call& call);
  /// So many calls have left no record.
  void add_lost(std::uint64_t count) { lost_ += count; }

  /// What is new since it was asked for the last time.
  std::vector<CallTally> take_new();
  /// What is to be reported as sums when no thread writes any more: everything, or at StubDepth::values the calls that
  /// were entered and never left, because their thread ended, executed or jumped out.
  std::vector<CallTally> totals(StubDepth depth, const StubRegion& region);

 private:
  bool is_clocked(std::uint8_t function) const { return installed_.function(function).service->first_is_clock; }
  std::vector<CallTally> counted(const StubRegion& region) const;
  void add_entered_only(std::vector<CallTally>& totals, const StubRegion& region) const;

  const InstalledStubs& installed_;
  std::shared_ptr<CallerPaths> paths_;
  CallTallies tallies_;
  std::uint64_t lost_ = 0;
};

}  // namespace vdsotrace
