#include "pipeline/forbidden.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace vdsotrace {
namespace {

using Routes = std::span<const Route>;

bool among(Routes routes, Route route) { return std::ranges::find(routes, route) != routes.end(); }

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
void add_doubts(std::vector<std::string>& lines, const Audit& audit, Routes routes) {
  if (const auto count = audit.count(Route::unknown); count > 0)
    lines.push_back(fmt::format("--fail-on: it is not known whether {} calls entered the kernel", grouped(count)));
  if (audit.lost > 0)
    lines.push_back(fmt::format("--fail-on: {} calls could not be recorded, by whatever route", grouped(audit.lost)));
  for (const Notices::Entry& entry : audit.notices.entries()) {
    for (const Route route : routes) {
      if (hides(entry.notice.missing, route))
        lines.push_back(fmt::format("--fail-on: calls by route {} may be missing: {}", name_of(route), line_of(entry)));
    }
  }
}

}  // namespace

std::vector<std::string> forbidden_calls(const Audit& audit, Routes routes) {
  std::vector<std::string> lines;
  if (routes.empty()) return lines;
  for (const Finding& finding : audit.findings) {
    if (among(routes, finding.key.route) || finding.key.route == Route::unknown) add_callers(lines, finding);
  }
  add_doubts(lines, audit, routes);
  return lines;
}

}  // namespace vdsotrace
