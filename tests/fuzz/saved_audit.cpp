// Reads hostile bytes as an audit that was saved. What is taken for one can be written and read again, merged with
// itself, compared with itself, and shown on a terminal.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "audit/changes.hpp"
#include "audit/merge.hpp"
#include "audit/read.hpp"
#include "reports/changes.hpp"
#include "reports/merge.hpp"
#include "reports/metrics.hpp"

namespace {

void check_printable(std::string_view text) {
  for (const char c : text) {
    if (c != '\n' && (c < ' ' || c > '~')) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vdsotrace;
  const auto audit = read_audit({reinterpret_cast<const char*>(data), size});
  if (!audit) {
    check_printable(audit.error().message);
    return 0;
  }
  const auto again = read_audit(audit_json(*audit));
  if (!again || again->calls() != audit->calls() || again->findings.size() != audit->findings.size()) std::abort();
  const auto merged = merge_audits({*audit, *again}, {"1.0", "here", "now"});
  if (!merged || merged->calls() != 2 * audit->calls()) std::abort();
  AuditTextOptions options;
  options.all_advice = true;
  check_printable(merge_text(*merged, options));
  check_printable(audit_metrics(*merged));
  const Changes changes = changes_between(*audit, *audit, WorseRules{0});
  if (changes.is_worse()) std::abort();
  check_printable(changes_text(changes, {{"1.0", "here", "now"}, *audit, *audit}));
  return 0;
}
