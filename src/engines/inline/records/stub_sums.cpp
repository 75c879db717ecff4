#include "engines/inline/records/stub_sums.hpp"

#include <algorithm>

namespace vdsotrace {

void StubSums::add_unreturned(const Call& call) {
  const auto& functions = installed_.plan->functions;
  const auto found =
      std::ranges::find_if(functions, [&](const StubbedFunction& f) { return f.service->symbol == call.symbol; });
  if (found == functions.end()) return;
  StubRecord record;
  record.function = static_cast<std::uint8_t>(found - functions.begin());
  record.arg0 = call.args[0];
  if (call.caller) record.caller = call.caller->address;
  if (call.caller && call.caller->beyond_runtimes() != nullptr) record.beyond = call.caller->beyond_runtimes()->address;
  add(record, *call.route);
}

std::vector<CallTally> StubSums::take_new() {
  if (paths_ != nullptr) {
    for (const CallTally& calls : paths_->take_new()) tallies_.add(calls);
  }
  return tallies_.take_new();
}

std::vector<CallTally> StubSums::totals(StubDepth depth, const StubRegion& region) {
  if (depth == StubDepth::count) return counted(region);
  std::vector<CallTally> totals;
  if (depth != StubDepth::values) totals = take_new();
  // What was lost looks like what never returned.
  if (lost_ == 0) add_entered_only(totals, region);
  return totals;
}

/// Calls of all functions, as the counters in the region have them.
std::vector<CallTally> StubSums::counted(const StubRegion& region) const {
  std::vector<CallTally> totals;
  for (std::size_t number = 0; number < installed_.plan->functions.size(); ++number) {
    const auto function = static_cast<std::uint8_t>(number);
    for (const StubCount& count : region.counts(function, is_clocked(function))) {
      const std::uint64_t fallbacks = std::min(count.fallbacks, count.entries);
      totals.push_back({function, count.clock, Route::vdso, count.entries - fallbacks, 0, 0});
      totals.push_back({function, count.clock, Route::fallback, fallbacks, count.errors, 0});
    }
  }
  return totals;
}

/// Those that were entered, of which there is no record.
void StubSums::add_entered_only(std::vector<CallTally>& totals, const StubRegion& region) const {
  for (std::size_t number = 0; number < installed_.plan->functions.size(); ++number) {
    const auto function = static_cast<std::uint8_t>(number);
    for (const StubCount& count : region.counts(function, is_clocked(function))) {
      const std::uint64_t returned = tallies_.seen(function, count.clock, is_clocked(function));
      if (count.entries > returned)
        totals.push_back({function, count.clock, Route::vdso, count.entries - returned, 0, 0});
    }
  }
}

}  // namespace vdsotrace
