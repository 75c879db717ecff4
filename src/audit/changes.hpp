// What changed from one audit to another, and what got worse.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/findings.hpp"

namespace vdsotrace {

/// When something counts as worse.
struct WorseRules {
  double percent = 25;
  /// Smaller differences of one call's cost are those of any two measurements.
  static constexpr double kLeastNs = 10;
};

/// All calls of one name and clock in one audit.
struct CallSums {
  std::array<std::uint64_t, kRoutes> routes{};
  double cost_ns = 0;
  std::uint64_t priced = 0;  ///< calls that are in the cost

  std::uint64_t count() const;
  /// Of the calls, those that entered the kernel: 0 to 1. Those by an unknown route are not among them.
  double kernel_share() const;
  /// What one costs on average; nothing where no cost is known.
  std::optional<double> each_ns() const;
};

struct CallChange {
  PricedCall call;
  CallSums before, after;
  bool route_is_worse = false;  ///< the share that enters the kernel grew by more percent points than the rules allow
  bool cost_is_worse = false;   ///< one call costs more by more percent than that
  bool is_worse() const { return route_is_worse || cost_is_worse; }
};

struct Changes {
  WorseRules rules;
  std::vector<CallChange> calls;  ///< of both audits; the worse ones first, then the costliest
  bool is_worse() const;
};

Changes changes_between(const Audit& before, const Audit& after, const WorseRules& rules);

}  // namespace vdsotrace
