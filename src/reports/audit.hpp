// The findings of an audit as text for one screen, as JSON, as folded stacks, as a profile, and as a page.
#pragma once

#include <string>

#include "audit/findings.hpp"
#include "output/text_style.hpp"

namespace vdsotrace {

struct AuditTextOptions {
  TextStyle style;
  std::size_t most_callers = 4;  ///< under each call; the rest is counted together
  std::size_t most_findings = 12;
  bool all_advice = false;  ///< also calls and advice that are worth hardly anything (Audit::matters)
  bool seccomp = false;     ///< and what a seccomp profile must allow
};

std::string audit_text(const Audit& audit, const AuditTextOptions& options);
/// One object of type `audit` in one line, ended: docs/formats.md, section 5.
std::string audit_json(const Audit& audit);
/// A line "program;caller;call_[route] COUNT" for each caller, as flame graph tools read them; no frame has a blank.
std::string audit_folded(const Audit& audit);
/// A gzipped profile for pprof: calls and their cost in ns, with route, reason and program as labels.
std::string audit_pprof(const Audit& audit);
/// One page that needs nothing else: totals, callers, calls over time, a flame graph.
std::string audit_html(const Audit& audit);

}  // namespace vdsotrace
