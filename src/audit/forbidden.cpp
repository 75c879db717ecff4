#include "audit/forbidden.hpp"

#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/figures.hpp"
#include "base/path.hpp"
#include "model/c_library.hpp"

namespace vdsotrace {
namespace {

/// Whether calls by that route are among those that are missing.
bool hides(Missing missing, Route route) {
  switch (missing) {
    case Missing::nothing:
    case Missing::times:
    case Missing::routes: return false;
    case Missing::user_space_calls: return route == Route::vdso;
    case Missing::vdso_calls: return route == Route::vdso || route == Route::fallback;
    case Missing::direct_calls: return route == Route::syscall;
    case Missing::system_calls: return false;
  }
  return false;
}

bool is_file(const std::string& pattern, const std::string& path) {
  return !path.empty() && ::fnmatch(pattern.c_str(), std::string(base_name(path)).c_str(), 0) == 0;
}

/// Calls that the C library makes for itself are its own, not those of who called it.
bool is_by(const std::string& module, const Finding& finding, const CallerFinding& caller) {
  if (finding.key.reason == Reason::c_library && is_c_library(module)) return true;
  return is_file(module, caller.who.module) || is_file(module, caller.beyond.module);
}

/// Calls of one kind by one caller, and how many they are.
struct Offender {
  const Finding* finding;
  const CallerFinding* caller;
};

class Judge {
 public:
  Judge(const Audit& audit, const FailRules& fail_on) : audit_(audit), fail_on_(fail_on) {}

  /// Those that a rule is about.
  std::vector<Offender> subjects(const RouteRule& rule) const {
    std::vector<Offender> found;
    for (const Finding& finding : audit_.findings) {
      const bool is_about = finding.key.route == rule.route &&
                            (rule.of_c_library || finding.key.reason != Reason::c_library);
      for (const CallerFinding& caller : finding.callers) {
        if (is_about && !is_allowed(finding, caller)) found.push_back({&finding, &caller});
      }
    }
    return found;
  }

  void apply(const RouteRule& rule) {
    const auto found = subjects(rule);
    const std::uint64_t calls = count(found);
    if (!rule.is_broken_by(calls, audit_.calls())) return;
    const bool has_limit = rule.text.find('>') != std::string::npos;
    const std::string which =
        has_limit ? fmt::format(" ({}: {} of {} calls)", rule.text, grouped(calls), grouped(audit_.calls())) : "";
    for (const auto& [finding, caller] : found) add(*finding, *caller, which);
  }

  /// Whether they entered the kernel is not known.
  void apply_to_unknown() {
    const auto is_about_them = [](const RouteRule& rule) { return rule.route == Route::unknown; };
    if (std::ranges::any_of(fail_on_.rules, is_about_them)) return;
    const auto found = subjects({{}, Route::unknown, true, 0, {}});
    for (const auto& [finding, caller] : found) add(*finding, *caller, "");
    if (!found.empty())
      lines_.push_back(
          fmt::format("--fail-on: it is not known whether {} calls entered the kernel", grouped(count(found))));
  }

  /// Calls that may have been made, by one of the routes.
  void add_doubts() {
    if (audit_.lost > 0)
      lines_.push_back(
          fmt::format("--fail-on: {} calls could not be recorded, by whatever route", grouped(audit_.lost)));
    for (const Notices::Entry& entry : audit_.notices.entries()) {
      for (const RouteRule& rule : fail_on_.rules) {
        if (hides(entry.notice.missing, rule.route))
          lines_.push_back(
              fmt::format("--fail-on: calls by route {} may be missing: {}", name_of(rule.route), line_of(entry)));
      }
    }
  }

  std::vector<std::string> take_lines() { return std::move(lines_); }

 private:
  bool is_allowed(const Finding& finding, const CallerFinding& caller) const {
    return std::ranges::any_of(fail_on_.allowed, [&](const Allowance& allowance) {
      return (allowance.call.empty() || allowance.call == finding.key.name) &&
             (allowance.module.empty() || is_by(allowance.module, finding, caller));
    });
  }

  static std::uint64_t count(const std::vector<Offender>& offenders) {
    std::uint64_t calls = 0;
    for (const Offender& offender : offenders) calls += offender.caller->total.count;
    return calls;
  }

  /// Each is said once.
  void add(const Finding& finding, const CallerFinding& caller, const std::string& which) {
    if (!reported_.insert(&caller).second) return;
    lines_.push_back(fmt::format("{} {} by route {}: called by {}{}", grouped(caller.total.count),
                                 call_text(finding.key), name_of(finding.key.route), caller_text(caller), which));
  }

  const Audit& audit_;
  const FailRules& fail_on_;
  std::set<const CallerFinding*> reported_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> forbidden_calls(const Audit& audit, const FailRules& fail_on) {
  if (fail_on.rules.empty()) return {};
  Judge judge(audit, fail_on);
  for (const RouteRule& rule : fail_on.rules) judge.apply(rule);
  judge.apply_to_unknown();
  judge.add_doubts();
  return judge.take_lines();
}

}  // namespace vdsotrace
