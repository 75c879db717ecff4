#include "pipeline/audit.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "pipeline/advice.hpp"

namespace vdsotrace {
namespace {

/// Measured where all of them were; else what such calls cost here.
void price(Finding& finding, const std::optional<CallPrice>& found) {
  const double count = static_cast<double>(finding.total.count);
  if (found) finding.user_space_ns = found->user_space_ns;
  if (finding.total.measured > 0 && finding.key.route != Route::syscall && finding.key.route != Route::vsyscall) {
    finding.measured = true;
    finding.cost_ns = static_cast<double>(finding.total.duration_ns) / static_cast<double>(finding.total.measured) * count;
    return;
  }
  if (!found) return;
  // A function without a user-space way costs its own attempt too; the legacy page costs a trap like a system call.
  switch (finding.key.route) {
    case Route::vdso: finding.cost_ns = found->user_space_ns.value_or(found->function_ns) * count; break;
    case Route::fallback: finding.cost_ns = std::max(found->function_ns, found->system_call_ns) * count; break;
    case Route::syscall:
    case Route::vsyscall: finding.cost_ns = found->system_call_ns * count; break;
    case Route::unknown: finding.cost_ns = found->function_ns * count; break;
  }
}

Finding make_finding(const AuditKey& key, const AuditEntry& entry, const Prices& prices, std::string_view clocksource) {
  Finding finding;
  finding.key = key;
  finding.total = entry.total;
  for (const auto& [who, total] : entry.callers) finding.callers.push_back({who, total});
  std::ranges::stable_sort(finding.callers, std::ranges::greater(), [](const CallerFinding& c) { return c.total.count; });
  finding.stacks = entry.stacks;
  price(finding, prices(key.name, key.clock));
  if (key.reason) finding.why = sentence_of(*key.reason, clocksource);
  return finding;
}

void add_up(Audit& audit) {
  for (const Finding& finding : audit.findings) {
    audit.by_route[static_cast<std::size_t>(finding.key.route)].add(finding.total);
    audit.cost_ns += finding.cost_ns;
    audit.any_measured = audit.any_measured || finding.measured;
    // Of an unknown route nobody can say that it could have been cheaper.
    if (finding.key.route == Route::vdso || finding.key.route == Route::unknown) continue;
    audit.kernel_ns += finding.cost_ns;
    audit.saved_ns += std::max(0.0, finding.saved_ns());
  }
}

std::vector<std::string> fallback_calls(const std::vector<Finding>& findings, const std::set<std::string>& without_fallback) {
  std::set<std::string> names;
  for (const Finding& finding : findings) {
    const auto& [name, route] = std::tie(finding.key.name, finding.key.route);
    const bool may_fall_back = (route == Route::vdso || route == Route::unknown) && !without_fallback.contains(name);
    if (route == Route::fallback || may_fall_back) names.insert(name);
  }
  return {names.begin(), names.end()};
}

}  // namespace

double Finding::saved_ns() const {
  return user_space_ns ? cost_ns - *user_space_ns * static_cast<double>(total.count) : 0;
}

std::uint64_t Audit::calls() const {
  return std::accumulate(std::begin(by_route), std::end(by_route), std::uint64_t{0},
                         [](std::uint64_t sum, const AuditTotal& total) { return sum + total.count; });
}

Audit make_audit(const AuditTally& tally, AuditedRun run, const Prices& prices) {
  Audit audit;
  audit.run = std::move(run);
  audit.clocksources = tally.clocksources();
  audit.timeline = tally.timeline();
  audit.lost = tally.lost();
  const std::string clocksource = audit.clocksources.empty() ? std::string() : audit.clocksources.back();
  for (const auto& [key, entry] : tally.entries()) audit.findings.push_back(make_finding(key, entry, prices, clocksource));
  std::ranges::stable_sort(audit.findings, std::ranges::greater(),
                           [](const Finding& f) { return std::pair(f.cost_ns, f.total.count); });
  add_up(audit);
  audit.fallback_calls = fallback_calls(audit.findings, audit.run.without_fallback);
  advise(audit, prices);
  return audit;
}

std::string call_text(const AuditKey& key) {
  return key.clock.empty() ? key.name : fmt::format("{}({})", key.name, key.clock);
}

std::string caller_text(const CallerKey& who) {
  if (!who.known()) return "not known";
  if (who.symbol.empty()) return fmt::format("{}+{:#x}", who.module, who.offset);
  return fmt::format("{}+{:#x}{}{}", who.symbol, who.offset, who.module.empty() ? "" : " in ", who.module);
}

std::string duration_text(double ns) {
  constexpr std::pair<double, std::string_view> kUnits[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};
  for (const auto& [size, unit] : kUnits) {
    // 999.6 us is 1.00 ms.
    if (ns < size * 0.9995) continue;
    const double value = ns / size;
    return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, unit);
  }
  return fmt::format("{:.{}f} ns", ns, ns < 99.95 ? 1 : 0);
}

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

}  // namespace vdsotrace
