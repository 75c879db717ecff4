// Rows of totals of calls, in constant memory whatever the program calls and names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/histogram.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

/// What is counted together: one call by one route, clock calls per clock.
struct CallKey {
  std::string name;   ///< as printed; "other calls" for unknown numbers beyond the first few
  std::string clock;  ///< empty where the call has none; "other clocks" likewise
  std::optional<Route> route;
  auto operator<=>(const CallKey&) const = default;
};

struct CallTotal {
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::uint64_t measured = 0;  ///< calls whose duration is known
  std::optional<std::int64_t>
      duration_ns;               ///< sum over the calls that were measured: in the kernel where that is known
  std::uint64_t unfinished = 0;  ///< of the calls: they never came back (exit_group), or their return was not seen
  /// Of the calls whose durations are known one by one.
  std::optional<std::int64_t> shortest_ns{};
  std::optional<std::int64_t> longest_ns{};
};

class CallRows {
 public:
  /// Clock ids and call numbers without a name of their own come from the program, which can
  /// invent any number of them. So many are kept apart, the rest is counted together.
  static constexpr std::size_t kMostInvented = 64;

  /// Keeps how long calls took one by one, for durations_of().
  void keep_durations() { keeps_durations_ = true; }

  struct Row {
    CallTotal* total = nullptr;
    Histogram* durations = nullptr;  ///< null if they are not kept
  };
  /// The row of that key, where it stays. `has_number`: the name is the call's number.
  Row at(CallKey key, bool has_number = false);

  const std::map<CallKey, CallTotal>& totals() const { return totals_; }
  /// What duration_ns is the sum of, as far as calls were measured one by one; null if none was, or they are not kept.
  const Histogram* durations_of(const CallKey& key) const;

 private:
  /// Replaces a word that the program made up by `others` once there are too many of them.
  void fold(std::string& invented, std::string_view others);

  std::map<CallKey, CallTotal> totals_;
  std::map<CallKey, Histogram> durations_;
  bool keeps_durations_ = false;
  std::set<std::string, std::less<>> invented_;
};

}  // namespace vdsotrace
