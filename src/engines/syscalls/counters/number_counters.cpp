#include "engines/syscalls/counters/number_counters.hpp"

namespace vdsotrace {
namespace {

bool has_counters(std::int64_t nr) { return nr >= 0 && nr < static_cast<std::int64_t>(arch::kCountedNumbers); }

}  // namespace

void NumberCounters::add_call(std::int64_t nr) {
  if (has_counters(nr)) pair(nr).add_call();
}

void NumberCounters::add_failure(std::int64_t nr) {
  if (has_counters(nr)) pair(nr).add_failure();
}

std::vector<NumberCounters::Total> NumberCounters::take_new() {
  std::vector<Total> totals;
  for (std::size_t i = 0; i < taken_of_.size(); ++i) {
    const auto nr = static_cast<std::int64_t>(i);
    const CountedCalls counted = pair(nr).take_new(taken_of_[i]);
    if (counted.calls != 0 || counted.failures != 0) totals.push_back({nr, counted});
    taken_ += counted.calls;
  }
  return totals;
}

}  // namespace vdsotrace
