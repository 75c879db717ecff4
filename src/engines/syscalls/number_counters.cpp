#include "engines/syscalls/number_counters.hpp"

#include <atomic>
#include <utility>

namespace vdsotrace {
namespace {

bool has_counters(std::int64_t nr) { return nr >= 0 && nr < static_cast<std::int64_t>(arch::kCountedNumbers); }

std::size_t calls_at(std::int64_t nr) { return static_cast<std::size_t>(nr) * NumberCounters::kPair; }
std::size_t failures_at(std::int64_t nr) { return calls_at(nr) + sizeof(std::uint64_t); }

void increment(std::byte* counter) {
  std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(counter)).fetch_add(1, std::memory_order_relaxed);
}

/// The processes can have written anything into it.
std::uint64_t more_than_before(std::uint64_t now, std::uint64_t& before) {
  return now > before ? now - std::exchange(before, now) : 0;
}

}  // namespace

void NumberCounters::add_call(std::int64_t nr) {
  if (has_counters(nr)) increment(memory_.at(calls_at(nr)));
}

void NumberCounters::add_failure(std::int64_t nr) {
  if (has_counters(nr)) increment(memory_.at(failures_at(nr)));
}

std::vector<NumberCounters::Total> NumberCounters::take_new() {
  std::vector<Total> totals;
  for (std::size_t i = 0; i < before_.size(); ++i) {
    const auto nr = static_cast<std::int64_t>(i);
    // Failures first: each of them is among the calls that are read then.
    const std::uint64_t failures = more_than_before(memory_.load<std::uint64_t>(failures_at(nr)), before_[i].failures);
    const std::uint64_t calls = more_than_before(memory_.load<std::uint64_t>(calls_at(nr)), before_[i].calls);
    if (calls != 0 || failures != 0) totals.push_back({nr, calls, failures});
    taken_ += calls;
  }
  return totals;
}

}  // namespace vdsotrace
