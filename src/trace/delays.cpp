#include "trace/delays.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace vdsotrace {

void Delays::add(pid_t tid, Stop stop) {
  const std::int64_t now = monotonic_ns();
  const std::int64_t until = now + std::min(std::exchange(stop.how.delay_ns, 0), kAll - now);
  waiting_.insert_or_assign(tid, Waiting{until, stop});
}

std::vector<std::pair<pid_t, Delays::Stop>> Delays::take_due(std::int64_t now) {
  std::vector<std::pair<pid_t, Stop>> due;
  for (const auto& [tid, waiting] : waiting_) {
    if (waiting.until <= now) due.emplace_back(tid, waiting.stop);
  }
  for (const auto& [tid, stop] : due) waiting_.erase(tid);
  return due;
}

std::optional<std::int64_t> Delays::until_due(std::int64_t now) const {
  std::optional<std::int64_t> least;
  for (const auto& [tid, waiting] : waiting_) {
    const std::int64_t left = std::max<std::int64_t>(waiting.until - now, 0);
    if (!least || left < *least) least = left;
  }
  return least;
}

}  // namespace vdsotrace
