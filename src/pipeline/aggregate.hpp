// Totals of a run, in constant memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "pipeline/call_rows.hpp"
#include "pipeline/counted_time.hpp"
#include "pipeline/notices.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

class Aggregate {
 public:
  /// What of durations counts; set before anything is added.
  CountedTime& time() { return time_; }
  CallRows& rows() { return rows_; }
  const CallRows& rows() const { return rows_; }
  void add(const Event& event);

  const std::map<CallKey, CallTotal>& calls() const { return rows_.totals(); }
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
  void add_to(CallTotal& total, const std::optional<Route>& route, const CallTotal& more);

  /// What of a call decides where it is counted, and its row: most calls are like the one before.
  struct Last {
    Abi abi;
    std::int64_t nr;
    std::string_view name;
    std::uint64_t arg0;
    std::optional<Route> route;
    bool operator==(const Last&) const = default;
  };

  CallRows rows_;
  std::optional<Last> last_;
  CallRows::Row last_row_;
  CountedTime time_;
  std::uint64_t routes_[kRoutes] = {};
  std::uint64_t ordinary_ = 0;
  std::uint64_t processes_ = 0;
  std::uint64_t threads_ = 0;
  std::uint64_t lost_ = 0;
  Notices notices_;
};

}  // namespace vdsotrace
