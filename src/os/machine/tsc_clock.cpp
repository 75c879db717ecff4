#include "os/machine/tsc_clock.hpp"

#include "arch/counter.hpp"
#include "base/clock.hpp"

namespace vdsotrace {
namespace {

/// Long enough to know the rate to one part in ten thousand, too short to notice.
constexpr std::int64_t kFirstLook = 200'000;

}  // namespace

TscClock::Sample TscClock::take() {
  // The clocks are read between two looks at the counter; an interruption in between shows, and is tried again.
  constexpr std::uint64_t kClose = 500;
  Sample best{};
  std::uint64_t closest = ~std::uint64_t{0};
  for (int attempt = 0; attempt < 10 && closest > kClose; ++attempt) {
    const std::uint64_t before = arch::read_counter();
    const Sample sample{before, monotonic_ns(), vdsotrace::realtime_ns()};
    const std::uint64_t width = arch::read_counter() - before;
    if (width >= closest) continue;
    closest = width;
    best = sample;
    best.tsc = before + width / 2;
  }
  return best;
}

std::uint64_t TscClock::now() { return arch::read_counter(); }

TscClock::TscClock() : first_(take()), last_(first_) {}

void TscClock::compare() {
  while (monotonic_ns() - first_.monotonic < kFirstLook) {}
  last_ = take();
  const auto ticks = static_cast<double>(last_.tsc - first_.tsc);
  if (ticks > 0) ns_per_tick_ = static_cast<double>(last_.monotonic - first_.monotonic) / ticks;
}

std::int64_t TscClock::realtime_ns(std::uint64_t tsc) const {
  const auto ticks = static_cast<std::int64_t>(tsc - last_.tsc);
  return last_.realtime + static_cast<std::int64_t>(static_cast<double>(ticks) * ns_per_tick_);
}

std::int64_t TscClock::duration_ns(std::int64_t ticks) const {
  return ticks <= 0 ? 0 : static_cast<std::int64_t>(static_cast<double>(ticks) * ns_per_tick_);
}

}  // namespace vdsotrace
