// Adds up the calls that stubs recorded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "base/histogram.hpp"
#include "engines/inline/region/stub_record.hpp"
#include "vdsotrace/call.hpp"

namespace vdsotrace {

/// Calls of one function, one clock, one route and one way to their callers.
struct CallTally {
  std::uint8_t function = 0;
  std::optional<std::uint32_t> clock;
  Route route = Route::vdso;
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::uint64_t ticks = 0;
  // Where they return to outside the C library, and beyond runtimes; 0 if unknown or not asked for.
  std::uint64_t caller = 0;
  std::uint64_t beyond = 0;
  Histogram durations{};  ///< in ticks, of those that have both time stamps
};

/// Sums in memory that does not grow with the number of calls.
class CallTallies {
 public:
  void add(const StubRecord& record, bool clocked, Route route);
  /// So many calls and ticks more; nothing is known of each.
  void add(const CallTally& counted);
  /// What was added since it was asked for the last time.
  std::vector<CallTally> take_new();
  /// How many calls of that function and clock were added; without a clock, where calls are `clocked`, of all
  /// clocks that have no counter of their own.
  std::uint64_t seen(std::uint8_t function, std::optional<std::uint32_t> clock, bool clocked) const;

 private:
  using Key = std::tuple<std::uint8_t, std::uint64_t, Route, std::uint64_t,
                         std::uint64_t>;  ///< clock: id + 1, 0 for none; callers
  struct Sum {
    CallTally all;       ///< without durations
    CallTally reported;  ///< of those
    bool has_durations = false;
    Histogram durations;  ///< of those that are not reported
  };
  /// The key under which such calls are added up: a coarser one where there are too many.
  Key bounded(Key key);
  Sum& sum_of(const Key& wanted);

  std::map<Key, Sum> tallies_;
  std::size_t with_callers_ = 0;
  std::size_t with_durations_ = 0;
  Sum* last_ = nullptr;  ///< most calls are like the one before
  Key last_key_{};
};

}  // namespace vdsotrace
