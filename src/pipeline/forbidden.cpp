#include "pipeline/forbidden.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace vdsotrace {
namespace {

using Rules = std::span<const RouteRule>;

bool breaks(const Finding& finding, Rules rules) {
  const bool of_c_library = finding.key.reason == Reason::c_library;
  return std::ranges::any_of(rules, [&](const RouteRule& rule) {
    return rule.route == finding.key.route && (rule.of_c_library || !of_c_library);
  });
}

/// Whether calls by that route are among those that are missing.
bool hides(Missing missing, Route route) {
  switch (missing) {
    case Missing::nothing:
    case Missing::times:
    case Missing::routes: return false;
    case Missing::user_space_calls: return route == Route::vdso;
    case Missing::vdso_calls: return route == Route::vdso || route == Route::fallback;
    case Missing::direct_calls: return route == Route::syscall;
  }
  return false;
}

void add_callers(std::vector<std::string>& lines, const Finding& finding) {
  for (const CallerFinding& caller : finding.callers)
    lines.push_back(fmt::format("{} {} by route {}: called by {}", grouped(caller.total.count), call_text(finding.key),
                                name_of(finding.key.route), caller_text(caller)));
}

/// Calls that may have taken one of the routes.
void add_doubts(std::vector<std::string>& lines, const Audit& audit, Rules rules) {
  if (const auto count = audit.count(Route::unknown); count > 0)
    lines.push_back(fmt::format("--fail-on: it is not known whether {} calls entered the kernel", grouped(count)));
  if (audit.lost > 0)
    lines.push_back(fmt::format("--fail-on: {} calls could not be recorded, by whatever route", grouped(audit.lost)));
  for (const Notices::Entry& entry : audit.notices.entries()) {
    for (const RouteRule& rule : rules) {
      if (hides(entry.notice.missing, rule.route))
        lines.push_back(fmt::format("--fail-on: calls by route {} may be missing: {}", name_of(rule.route), line_of(entry)));
    }
  }
}

}  // namespace

std::vector<std::string> forbidden_calls(const Audit& audit, Rules rules) {
  std::vector<std::string> lines;
  if (rules.empty()) return lines;
  for (const Finding& finding : audit.findings) {
    if (breaks(finding, rules) || finding.key.route == Route::unknown) add_callers(lines, finding);
  }
  add_doubts(lines, audit, rules);
  return lines;
}

}  // namespace vdsotrace
