#include <string_view>

#include "base/check.hpp"
#include "output/json_text.hpp"
#include "reports/audit.hpp"

extern "C" {
// NOLINTBEGIN(readability-identifier-naming): symbols of page/page.S
extern const char vdsotrace_page_html[], vdsotrace_page_html_end[];
extern const char vdsotrace_page_style[], vdsotrace_page_style_end[];
extern const char vdsotrace_page_script[], vdsotrace_page_script_end[];
extern const char vdsotrace_page_who_script[], vdsotrace_page_who_script_end[];
// NOLINTEND(readability-identifier-naming)
}

namespace vdsotrace {
namespace {

void fill_in(std::string& page, std::string_view placeholder, const std::string& text) {
  const auto at = page.find(placeholder);
  CHECK(at != std::string::npos);
  page.replace(at, placeholder.size(), text);
}

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
  std::string page(vdsotrace_page_html, vdsotrace_page_html_end);
  fill_in(page, "@STYLE@", {vdsotrace_page_style, vdsotrace_page_style_end});
  fill_in(page, "@SCRIPT@",
          std::string(vdsotrace_page_script, vdsotrace_page_script_end) +
              std::string(vdsotrace_page_who_script, vdsotrace_page_who_script_end));
  fill_in(page, "@DATA@", data_of(audit));  // the last: what the program chose is not searched
  return page;
}

}  // namespace vdsotrace
