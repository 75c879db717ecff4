// What `audit --fail-on` and `--allow` say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdsotrace/call.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// A route that calls must not take, or not more often than that.
struct RouteRule {
  std::string text;  ///< as it was given
  Route route = Route::vdso;
  bool of_c_library = false;  ///< of calls that the C library makes for itself, too (Reason::c_library)
  std::uint64_t most_calls = 0;
  std::optional<double> most_percent;  ///< of all calls that a vDSO can serve; in the place of `most_calls`

  /// Whether that many calls are too many.
  bool is_broken_by(std::uint64_t calls, std::uint64_t all) const;
};

/// Calls that no rule is about.
struct Allowance {
  std::string call;    ///< empty: any
  std::string module;  ///< a pattern (glob(7)) for the file of who makes them, without its folder; empty: anybody
};

struct FailRules {
  std::vector<RouteRule> rules;
  std::vector<Allowance> allowed;
};

/// From a list with commas of ROUTE, ROUTE>COUNT, ROUTE>SHARE%; ROUTE also "all-fallback", "all-syscall".
Result<std::vector<RouteRule>> parse_route_rules(std::string_view list);
/// From lists with commas of NAME, NAME@MODULE, @MODULE.
Result<std::vector<Allowance>> parse_allowances(const std::vector<std::string>& lists);

}  // namespace vdsotrace
