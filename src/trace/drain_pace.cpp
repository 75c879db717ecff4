#include "trace/drain_pace.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

constexpr int kLooksAtOnce = 20;
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
  if (drained.found == Drained::Found::something) {
    quiet_looks_ = 0;
    const double room = drained.fill < kPressing ? static_cast<double>(since) * kComfortable / std::max(drained.fill, 1e-6) : 0;
    pause_ = room < kWorthSleepingNs ? 0 : static_cast<std::int64_t>(std::min<double>(room, kCalmPauseNs));
  } else if (pause_ > 0) {
    pause_ = std::min(pause_ * 2, kLongPauseNs);
  } else if (++quiet_looks_ >= kLooksAtOnce) {
    pause_ = kShortPauseNs;
  }
}

}  // namespace vdsotrace
