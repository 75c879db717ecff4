#include "audit/changes.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace vdsotrace {
namespace {

std::map<PricedCall, CallSums> sums_of(const Audit& audit) {
  std::map<PricedCall, CallSums> sums;
  for (const Finding& finding : audit.findings) {
    CallSums& sum = sums[{finding.key.name, finding.key.clock}];
    sum.routes[static_cast<std::size_t>(finding.key.route)] += finding.total.count;
    if (finding.cost_is == CostIs::unknown) continue;
    sum.cost_ns += finding.cost_ns;
    sum.priced += finding.total.count;
  }
  return sums;
}

void judge(CallChange& change, const WorseRules& rules) {
  const double points = 100 * (change.after.kernel_share() - change.before.kernel_share());
  change.route_is_worse = points > rules.percent;
  const auto before = change.before.each_ns(), after = change.after.each_ns();
  change.cost_is_worse = before && after && *after > *before * (1 + rules.percent / 100) &&
                         *after - *before > WorseRules::kLeastNs;
}

}  // namespace

std::uint64_t CallSums::count() const { return std::accumulate(routes.begin(), routes.end(), std::uint64_t{0}); }

double CallSums::kernel_share() const {
  const auto by = [this](Route route) { return routes[static_cast<std::size_t>(route)]; };
  const std::uint64_t all = count();
  const std::uint64_t kernel = by(Route::fallback) + by(Route::syscall) + by(Route::vsyscall);
  return all == 0 ? 0 : static_cast<double>(kernel) / static_cast<double>(all);
}

std::optional<double> CallSums::each_ns() const {
  return priced == 0 ? std::nullopt : std::optional(cost_ns / static_cast<double>(priced));
}

bool Changes::is_worse() const { return std::ranges::any_of(calls, &CallChange::is_worse); }

Changes changes_between(const Audit& before, const Audit& after, const WorseRules& rules) {
  std::map<PricedCall, CallChange> calls;
  for (auto& [call, sums] : sums_of(before)) calls[call].before = sums;
  for (auto& [call, sums] : sums_of(after)) calls[call].after = sums;
  Changes changes{rules, {}};
  for (auto& [call, change] : calls) {
    change.call = call;
    judge(change, rules);
    changes.calls.push_back(std::move(change));
  }
  std::ranges::stable_sort(changes.calls, std::ranges::greater(), [](const CallChange& change) {
    return std::tuple(change.is_worse(), std::max(change.before.cost_ns, change.after.cost_ns));
  });
  return changes;
}

}  // namespace vdsotrace
