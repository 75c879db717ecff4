#include "trace/drain_pace.hpp"

#include <algorithm>
#include <cmath>

namespace vdsotrace {
namespace {

/// The longest time that a thread waits for room after it was idle and has filled its buffer at once. In a process that
/// ran before we came it spins meanwhile, as we may not make it sleep. To look so often at an idle process costs us
/// some 0.3 % of a processor.
constexpr std::int64_t kLongPauseNs = 20'000'000;
/// A sleep and its end cost about as much as polling for so long.
constexpr std::int64_t kWorthSleepingNs = 150'000;
/// How full buffers are meant to be when we look: a sleep may last longer than it should.
constexpr double kComfortable = 0.25;
/// A writer that was fast may be so again: it may only have been waiting for room, or for a processor.
constexpr double kHalfLifeNs = 5'000'000;
/// A full buffer does not show for how long it has been full.
constexpr double kFullInNs = 100'000;

}  // namespace

void DrainPace::looked(std::int64_t now, const Drained& drained) {
  const auto since = static_cast<double>(std::max<std::int64_t>(now - last_look_, 1));
  last_look_ = now;
  forever_ = drained.found == Drained::Found::never;
  const double seen = drained.fill >= 1 ? 1 / kFullInNs : drained.fill / since;
  fill_rate_ = std::max(seen, fill_rate_ * std::exp2(-since / kHalfLifeNs));
  const auto room = static_cast<std::int64_t>(std::min(kComfortable / fill_rate_, static_cast<double>(kLongPauseNs)));
  pause_ = room < kWorthSleepingNs ? 0 : room;
  between_looks_ = std::max(room, kLeastBetweenLooksNs);
}

}  // namespace vdsotrace
