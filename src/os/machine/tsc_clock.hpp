// The processor's time-stamp counter read as a clock.
#pragma once

#include <cstdint>

namespace vdsotrace {

/// Turns time-stamp counter values into nanoseconds, by comparing the counter with the system's
/// clocks now and then. Right as long as the counter is invariant and the same on all processors,
/// as it is wherever the kernel's clocksource is "tsc".
class TscClock {
 public:
  TscClock();
  /// The counter.
  static std::uint64_t now();
  /// Compares anew; a long distance between comparisons makes the rate exact.
  void compare();
  /// CLOCK_REALTIME of a counter value not long before the last compare().
  std::int64_t realtime_ns(std::uint64_t tsc) const;
  /// How long so many ticks take; 0 for a negative number.
  std::int64_t duration_ns(std::int64_t ticks) const;
  double ns_per_tick() const { return ns_per_tick_; }

 private:
  struct Sample {
    std::uint64_t tsc;
    std::int64_t monotonic;
    std::int64_t realtime;
  };
  static Sample take();

  Sample first_;
  Sample last_;
  double ns_per_tick_ = 0;
};

}  // namespace vdsotrace
