#include <string_view>

#include "base/check.hpp"
#include "output/json_text.hpp"
#include "reports/audit.hpp"

extern "C" {
extern const char vdsotrace_audit_page[];
extern const char vdsotrace_audit_page_end[];
}

namespace vdsotrace {
namespace {

constexpr std::string_view kPlaceholder = "@DATA@";

/// JSON inside a script element: no "</script>" nor "<!--" may come up in it.
std::string for_script(std::string json) {
  for (std::size_t at = 0; (at = json.find('<', at)) != std::string::npos;) json.replace(at, 1, "\\u003c");
  return json;
}

std::string data_of(const Audit& audit) {
  Json data = Json::parse(audit_json(audit));
  Json spans = Json::array();
  for (const Timeline::Counts& counts : audit.timeline.spans()) spans.push_back(counts);
  data["timeline"] = {{"span_ns", audit.timeline.span_ns()}, {"spans", spans}};
  return for_script(dumped(data));
}

}  // namespace

std::string audit_html(const Audit& audit) {
  std::string page(vdsotrace_audit_page, vdsotrace_audit_page_end);
  const auto at = page.find(kPlaceholder);
  CHECK(at != std::string::npos);
  return page.replace(at, kPlaceholder.size(), data_of(audit));
}

}  // namespace vdsotrace
