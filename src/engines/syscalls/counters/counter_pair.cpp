#include "engines/syscalls/counters/counter_pair.hpp"

#include <atomic>
#include <utility>

#include "base/clock.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

void add_one(std::byte* counter) {
  std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(counter)).fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t take(std::uint64_t now, std::uint64_t& before) {
  return now > before ? now - std::exchange(before, now) : 0;
}

}  // namespace

void CounterPair::add_call() const { add_one(memory_.at(offset_)); }

void CounterPair::add_failure() const { add_one(memory_.at(offset_ + sizeof(std::uint64_t))); }

CountedCalls CounterPair::take_new(CountedCalls& taken) const {
  // Failures first: each of them is among the calls that are read then.
  const std::uint64_t failures = take(memory_.load<std::uint64_t>(offset_ + sizeof(std::uint64_t)), taken.failures);
  return {take(memory_.load<std::uint64_t>(offset_), taken.calls), failures};
}

Event counts_of(pid_t tgid, std::int64_t nr, const std::optional<Route>& route, const CountedCalls& counted) {
  Counts counts;
  counts.name = spec_of(Abi::x86_64, nr)->name;
  counts.route = route;
  counts.count = counted.calls;
  counts.errors = counted.failures;
  return {0, realtime_ns(), tgid, tgid, std::move(counts)};
}

}  // namespace vdsotrace
