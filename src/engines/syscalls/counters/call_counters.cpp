#include "engines/syscalls/counters/call_counters.hpp"

namespace vdsotrace {
std::optional<std::uint32_t> CallCounters::place_for(const CountedCall& call, const std::optional<Route>& route) {
  if (const auto known = places_.find(call); known != places_.end()) return known->second;
  if (calls_.size() >= kMost) return std::nullopt;
  const auto place = static_cast<std::uint32_t>(calls_.size());
  calls_.push_back({call, route, {}});
  return places_[call] = place;
}

void CallCounters::add(std::uint32_t place, bool a_call, bool a_failure) {
  if (a_call) pair(place).add_call();
  if (a_failure) pair(place).add_failure();
}

std::vector<CallCounters::Total> CallCounters::take_new() {
  std::vector<Total> totals;
  for (std::uint32_t place = 1; place < calls_.size(); ++place) {
    Entry& entry = calls_[place];
    const CountedCalls counted = pair(place).take_new(entry.taken);
    if (counted.calls != 0 || counted.failures != 0) totals.push_back({entry.call, entry.route, counted});
  }
  return totals;
}

}  // namespace vdsotrace
