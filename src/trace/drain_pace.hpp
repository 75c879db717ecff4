// When to look again at what was seen without a stop: nothing wakes us for it.
#pragma once

#include <cstdint>
#include <optional>

namespace vdsotrace {

/// What a look has found.
struct Drained {
  enum class Found : std::uint8_t { never, nothing, something };
  Found found = Found::never;  ///< never: nothing will ever be found so
  double fill = 0;             ///< how full the fullest buffer was, up to 1
};

/// Sleeps as long as the buffers have room for what comes at the fastest rate of late, polls where they fill faster
/// than a sleep is worth, and looks ever more rarely while nothing comes. Polling costs those who write more than their
/// calls do where they share a core with us.
class DrainPace {
 public:
  /// Whether to look now (ns of a monotonic clock): buffers that are looked at all the time cost their writers more
  /// than ones that have filled a little.
  bool due(std::int64_t now) const { return pause_ > 0 || now - last_look_ >= between_looks_; }
  void looked(std::int64_t now, const Drained& drained);
  /// How long to sleep until the next look, in ns: 0 for not at all, nothing for until something happens.
  std::optional<std::int64_t> pause() const { return forever_ ? std::nullopt : std::optional(pause_); }
  /// Whether so little comes that what was seen may be shown at once.
  bool calm() const { return forever_ || pause_ >= kCalmPauseNs; }

 private:
  static constexpr std::int64_t kLeastBetweenLooksNs = 20'000;
  static constexpr std::int64_t kCalmPauseNs = 1'000'000;
  static constexpr double kFirstRate = 1 / 2e6;

  bool forever_ = false;
  std::int64_t last_look_ = 0;
  std::int64_t pause_ = 0;
  std::int64_t between_looks_ = kLeastBetweenLooksNs;
  double fill_rate_ = kFirstRate;  ///< buffers per ns: the highest that was seen, long ago counting less
};

}  // namespace vdsotrace
