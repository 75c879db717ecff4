// Totals of a run, in constant memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/histogram.hpp"
#include "pipeline/counted_time.hpp"
#include "pipeline/notices.hpp"
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

class Aggregate {
 public:
  /// What of durations counts; set before anything is added.
  CountedTime& time() { return time_; }
  /// Keeps how long calls took one by one, for durations_of().
  void keep_durations() { keeps_durations_ = true; }
  void add(const Event& event);

  const std::map<CallKey, CallTotal>& calls() const { return calls_; }
  /// What duration_ns is the sum of, as far as calls were measured one by one; null if none was, or they are not kept.
  const Histogram* durations_of(const CallKey& key) const;
  /// vDSO-capable calls by that route.
  std::uint64_t by_route(Route route) const { return routes_[static_cast<std::size_t>(route)]; }
  std::uint64_t vdso_capable() const;
  /// Calls without a route.
  std::uint64_t ordinary() const { return ordinary_; }
  std::uint64_t processes() const { return processes_; }
  std::uint64_t threads() const { return threads_; }
  std::uint64_t lost() const { return lost_; }
  const Notices& notices() const { return notices_; }
  /// Whether every call is in here.
  bool complete() const { return lost_ == 0 && !notices_.lack_calls(); }

 private:
  void add_one(const Call& call);
  void add_counts(const Counts& counts);
  /// A row of the totals.
  struct Place {
    CallTotal* total = nullptr;
    Histogram* durations = nullptr;  ///< null if they are not kept
  };
  Place add_call(CallKey key, const CallTotal& more);
  void add_to(CallTotal& total, const std::optional<Route>& route, const CallTotal& more);
  /// Replaces a word that the program made up by `others` once there are too many of them.
  void fold(std::string& invented, std::string_view others);

  /// What of a call decides where it is counted, and its total: most calls are like the one before.
  struct Last {
    Abi abi;
    std::int64_t nr;
    std::string_view name;
    std::uint64_t arg0;
    std::optional<Route> route;
    bool operator==(const Last&) const = default;
  };

  std::map<CallKey, CallTotal> calls_;
  std::optional<Last> last_;
  Place last_place_;
  std::map<CallKey, Histogram> durations_;
  bool keeps_durations_ = false;
  CountedTime time_;
  std::set<std::string, std::less<>> invented_;
  std::uint64_t routes_[kRoutes] = {};
  std::uint64_t ordinary_ = 0;
  std::uint64_t processes_ = 0;
  std::uint64_t threads_ = 0;
  std::uint64_t lost_ = 0;
  Notices notices_;
};

}  // namespace vdsotrace
