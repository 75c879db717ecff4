#include "audit/findings.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "audit/advice.hpp"
#include "audit/verdict.hpp"
#include "base/figures.hpp"
#include "base/path.hpp"

namespace vdsotrace {
namespace {

/// What one such call costs here. A function without a user-space way costs its own attempt too; the legacy page costs
/// a trap like a system call.
double each_ns(Route route, const CallPrice& price) {
  switch (route) {
    case Route::vdso: return price.user_space_ns.value_or(price.function_ns);
    case Route::fallback: return std::max(price.function_ns, price.system_call_ns);
    case Route::syscall:
    case Route::vsyscall: return price.system_call_ns;
    case Route::unknown: return price.function_ns;
  }
  return 0;
}

/// Measured where all of them were; else what such calls cost here.
/// `stamps_ns`: what taking the time adds to each duration.
void price(Finding& finding, const std::optional<CallPrice>& found, const Histogram& durations, double stamps_ns) {
  const double count = static_cast<double>(finding.total.count);
  if (found) finding.user_space_ns = found->user_space_ns;
  const bool measured = finding.total.measured > 0 && durations.count() > 0;
  if (measured && finding.key.route != Route::syscall && finding.key.route != Route::vsyscall) {
    finding.cost_is = CostIs::measured;
    finding.measured = measured_calls(stamps_ns > 0 ? durations.scaled(1, stamps_ns) : durations);
    finding.each_ns = finding.measured->median;
    // The sum is exact, histograms are not.
    const double average = static_cast<double>(finding.total.duration_ns) / static_cast<double>(finding.total.measured);
    finding.cost_ns =
        (finding.measured->interrupted > 0 ? average_cost_ns(*finding.measured) : std::max(0.0, average - stamps_ns)) *
        count;
    return;
  }
  if (!found) return;
  finding.cost_is = CostIs::estimated;
  finding.each_ns = each_ns(finding.key.route, *found);
  finding.cost_ns = finding.each_ns * count;
}

Finding make_finding(const AuditKey& key, const AuditEntry& entry, const Prices& prices, std::string_view clocksource,
                     double stamps_ns) {
  Finding finding;
  finding.key = key;
  finding.total = entry.total;
  for (const auto& [path, total] : entry.callers) finding.callers.push_back({path.who, path.beyond, total});
  std::ranges::stable_sort(finding.callers, std::ranges::greater(),
                           [](const CallerFinding& c) { return c.total.count; });
  finding.programs = entry.programs;
  finding.stacks = entry.stacks;
  price(finding, prices(key.name, key.clock), entry.durations, stamps_ns);
  if (key.reason) finding.why = sentence_of(*key.reason, clocksource);
  return finding;
}

std::map<PricedCall, CallPrice> known_prices(const std::vector<Finding>& findings, const Prices& prices) {
  std::set<PricedCall> calls{{"clock_gettime", "CLOCK_MONOTONIC"}};
  for (const Finding& finding : findings) calls.insert({finding.key.name, finding.key.clock});
  std::map<PricedCall, CallPrice> known;
  for (const PricedCall& call : calls) {
    if (const auto price = prices(call.first, call.second)) known[call] = *price;
  }
  return known;
}

std::vector<std::string> fallback_calls(const std::vector<Finding>& findings,
                                        const std::set<std::string>& without_fallback) {
  std::set<std::string> names;
  for (const Finding& finding : findings) {
    const auto& [name, route] = std::tie(finding.key.name, finding.key.route);
    const bool may_fall_back = (route == Route::vdso || route == Route::unknown) && !without_fallback.contains(name);
    if (route == Route::fallback || may_fall_back) names.insert(name);
  }
  return {names.begin(), names.end()};
}

/// Of calls that are frequent only some durations may be known one by one, and the sum of all.
bool has_samples(const Audit& audit) {
  return std::ranges::any_of(audit.findings, [](const Finding& finding) {
    return finding.measured && finding.measured->count != finding.total.measured;
  });
}

}  // namespace

void add_up(Audit& audit) {
  for (const Finding& finding : audit.findings) {
    audit.by_route[static_cast<std::size_t>(finding.key.route)].add(finding.total);
    audit.cost_ns += finding.cost_ns;
    if (finding.cost_is == CostIs::measured) audit.measured_calls += finding.total.count;
    if (finding.cost_is == CostIs::unknown) audit.unpriced_calls += finding.total.count;
    // Of an unknown route it is not known whether it could have been cheaper.
    if (finding.key.route == Route::vdso || finding.key.route == Route::unknown) continue;
    audit.kernel_ns += finding.cost_ns;
    audit.saved_ns += std::max(0.0, finding.saved_ns());
  }
}

double Finding::saved_ns() const {
  // The C library's own calls cannot be made otherwise.
  return user_space_ns && key.reason != Reason::c_library ? cost_ns - *user_space_ns * static_cast<double>(total.count)
                                                          : 0;
}

std::uint64_t Audit::calls() const {
  return std::accumulate(std::begin(by_route), std::end(by_route), std::uint64_t{0},
                         [](std::uint64_t sum, const AuditTotal& total) { return sum + total.count; });
}

double Audit::own_cpu_ns() const {
  if (run.cpu_ns <= 0) return 0;
  const double own = static_cast<double>(run.cpu_ns) - (run.added ? run.added->ns() : 0);
  return std::max({own, cost_ns, 0.0});
}

double Audit::share(double ns) const {
  const double whole = run.cpu_ns > 0 ? own_cpu_ns() : static_cast<double>(run.wall_ns);
  return whole > 0 ? std::clamp(ns / whole, 0.0, 1.0) : 0;
}

Audit make_audit(const AuditTally& tally, AuditedRun run, const Prices& prices) {
  Audit audit;
  audit.run = std::move(run);
  audit.clocksources = tally.clocksources();
  audit.timeline = tally.timeline();
  audit.lost = tally.lost();
  audit.notices = tally.notices();
  const std::string clocksource = audit.clocksources.empty() ? std::string() : audit.clocksources.back();
  const double stamps_ns = audit.run.added ? audit.run.added->stamps_ns : 0;
  for (const auto& [key, entry] : tally.entries())
    audit.findings.push_back(make_finding(key, entry, prices, clocksource, stamps_ns));
  std::ranges::stable_sort(audit.findings, std::ranges::greater(),
                           [](const Finding& f) { return std::pair(f.cost_ns, f.total.count); });
  add_up(audit);
  audit.prices = known_prices(audit.findings, prices);
  audit.fallback_calls = fallback_calls(audit.findings, audit.run.without_fallback);
  advise(audit, prices);
  audit.verdict = verdict_of(audit);
  return audit;
}

std::string cpu_text(const Audit& audit) {
  if (audit.run.cpu_ns <= 0) return {};
  std::string text = duration_text(audit.own_cpu_ns()) + " of processor time";
  if (!audit.run.added) return text + ", with what observing added";
  const AddedCosts& added = *audit.run.added;
  std::string parts;
  if (added.calls > 0) parts = fmt::format("{} calls at {}", grouped(added.calls), duration_text(added.call_ns));
  if (added.stops > 0)
    parts +=
        fmt::format("{}{} stops at {}", parts.empty() ? "" : ", ", grouped(added.stops), duration_text(added.stop_ns));
  if (parts.empty()) return text;
  const double taken = static_cast<double>(audit.run.cpu_ns) - audit.own_cpu_ns();
  // The calls have a price too, and both are estimates.
  const std::string more = added.ns() > taken + 1 ? fmt::format("of an estimated {}: ", duration_text(added.ns())) : "";
  return text +
         fmt::format(" without {} that observing added ({}{})", duration_text(std::max(0.0, taken)), more, parts);
}

std::string cost_basis_text(const Audit& audit) {
  const std::uint64_t estimated = audit.calls() - audit.measured_calls - audit.unpriced_calls;
  std::string text = audit.measured_calls > 0 ? "measured" : "";
  if (!text.empty() && has_samples(audit)) text += ", frequent calls by the median of samples";
  if (!text.empty() && audit.run.added && audit.run.added->stamps_ns > 0)
    text += fmt::format(", less {} a call for reading the clock", duration_text(audit.run.added->stamps_ns));
  if (estimated > 0 || text.empty())
    text += fmt::format("{}estimated: calls times the price of one, measured here in a fresh process",
                        text.empty() ? "" : "; others ");
  if (audit.unpriced_calls == 1) text += "; 1 call has no price and is left out";
  if (audit.unpriced_calls > 1)
    text += fmt::format("; {} calls have no price and are left out", grouped(audit.unpriced_calls));
  return text;
}

std::string call_text(const AuditKey& key) {
  return key.clock.empty() ? key.name : fmt::format("{}({})", key.name, key.clock);
}

std::string caller_text(const CallerKey& who) {
  if (!who.known()) return "not known";
  if (who.symbol.empty()) return fmt::format("{}+{:#x}", who.module, who.offset);
  return fmt::format("{}+{:#x}{}{}", who.symbol, who.offset, who.module.empty() ? "" : " in ", who.module);
}

std::string caller_text(const CallerFinding& caller) {
  if (!caller.beyond.known() || caller.beyond == caller.who) return caller_text(caller.who);
  return fmt::format("{} for {}", caller_text(caller.who), caller_text(caller.beyond));
}

std::string brief_caller_text(CallerFinding caller) {
  for (CallerKey* place : {&caller.who, &caller.beyond}) place->module = std::string(base_name(place->module));
  return caller_text(caller);
}

std::string percent_text(double share) {
  const double percent = 100 * share;
  return fmt::format("{:.{}f} %", percent, percent < 0.995 ? 2 : percent < 9.95 ? 1 : 0);
}

std::string share_text(const Audit& audit, double ns) {
  return percent_text(audit.share(ns)) + " of " + (audit.run.cpu_ns > 0 ? "its processor time" : "the run");
}

}  // namespace vdsotrace
