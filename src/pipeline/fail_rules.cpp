#include "pipeline/fail_rules.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

namespace vdsotrace {
namespace {

constexpr std::string_view kAll = "all-";

std::optional<RouteRule> rule_named(std::string_view word) {
  const bool all = word.starts_with(kAll);
  const auto route = route_named(all ? word.substr(kAll.size()) : word);
  // Of calls by the other routes nobody says why they were made.
  if (!route || (all && *route != Route::fallback && *route != Route::syscall)) return std::nullopt;
  return RouteRule{*route, all};
}

}  // namespace

Result<std::vector<RouteRule>> parse_route_rules(std::string_view list) {
  std::vector<RouteRule> rules;
  while (!list.empty()) {
    const auto word = list.substr(0, list.find(','));
    list.remove_prefix(std::min(word.size() + 1, list.size()));
    const auto rule = rule_named(word);
    if (!rule)
      return fail(fmt::format("--fail-on {}: unknown route", word),
                  "some of vdso,fallback,syscall,vsyscall,unknown,all-fallback,all-syscall");
    rules.push_back(*rule);
  }
  return rules;
}

}  // namespace vdsotrace
