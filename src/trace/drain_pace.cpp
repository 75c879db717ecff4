#include "trace/drain_pace.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

/// So many looks in a row must find little before we sleep: whoever fills a buffer may only just have been waiting for room.
constexpr int kLooksBeforeSleep = 20;
constexpr std::int64_t kShortPauseNs = 100'000;
constexpr std::int64_t kLongPauseNs = 20'000'000;
/// A sleep and its end cost about as much as polling for so long.
constexpr std::int64_t kWorthSleepingNs = 150'000;
/// Buffers are to be so full when we wake; fuller than the second, there is no time for sleep.
constexpr double kComfortable = 0.25;
constexpr double kPressing = 0.5;

}  // namespace

void DrainPace::looked(std::int64_t now, const Drained& drained) {
  const std::int64_t since = std::min(now - last_look_, kCalmPauseNs);
  last_look_ = now;
  forever_ = drained.found == Drained::Found::never;
  std::int64_t rest = pause_ > 0 ? std::min(pause_ * 2, kLongPauseNs) : kShortPauseNs;
  if (drained.found == Drained::Found::something) {
    const double room = drained.fill < kPressing ? static_cast<double>(since) * kComfortable / std::max(drained.fill, 1e-6) : 0;
    rest = room < kWorthSleepingNs ? 0 : static_cast<std::int64_t>(std::min<double>(room, kCalmPauseNs));
  }
  calm_looks_ = rest > 0 ? std::min(calm_looks_ + 1, kLooksBeforeSleep) : 0;
  pause_ = calm_looks_ >= kLooksBeforeSleep ? rest : 0;
}

}  // namespace vdsotrace
