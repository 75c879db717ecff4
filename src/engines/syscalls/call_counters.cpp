#include "engines/syscalls/call_counters.hpp"

#include <atomic>
#include <utility>

namespace vdsotrace {
namespace {

void add_one(std::byte* counter) {
  std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(counter)).fetch_add(1, std::memory_order_relaxed);
}

/// What a counter has more than before. The processes can have written anything into it.
std::uint64_t take(std::uint64_t now, std::uint64_t& before) {
  return now > before ? now - std::exchange(before, now) : 0;
}

}  // namespace

std::optional<std::uint32_t> CallCounters::place_for(const CountedCall& call, const std::optional<Route>& route) {
  if (const auto known = places_.find(call); known != places_.end()) return known->second;
  if (calls_.size() >= kMost) return std::nullopt;
  const auto place = static_cast<std::uint32_t>(calls_.size());
  calls_.push_back({call, route});
  return places_[call] = place;
}

void CallCounters::add(std::uint32_t place, bool a_call, bool a_failure) {
  if (a_call) add_one(memory_.at(offset(place)));
  if (a_failure) add_one(memory_.at(offset(place) + sizeof(std::uint64_t)));
}

std::vector<CallCounters::Total> CallCounters::take_new() {
  std::vector<Total> totals;
  for (std::uint32_t place = 1; place < calls_.size(); ++place) {
    Entry& entry = calls_[place];
    // Failures first: each of them is among the calls that are read then.
    const std::uint64_t failures =
        take(memory_.load<std::uint64_t>(offset(place) + sizeof(std::uint64_t)), entry.failures);
    const std::uint64_t calls = take(memory_.load<std::uint64_t>(offset(place)), entry.calls);
    if (calls != 0 || failures != 0) totals.push_back({entry.call.nr, entry.route, calls, failures});
  }
  return totals;
}

}  // namespace vdsotrace
