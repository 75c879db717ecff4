#include <fmt/format.h>

#include "base/check.hpp"
#include "base/escape.hpp"
#include "base/figures.hpp"
#include "reports/merge.hpp"

namespace vdsotrace {
namespace {

/// What others chose, as text between tags.
std::string html_text(std::string_view chosen) {
  std::string text;
  for (const char c : escaped_unless_printable(chosen)) {
    switch (c) {
      case '<': text += "&lt;"; break;
      case '>': text += "&gt;"; break;
      case '&': text += "&amp;"; break;
      default: text += c;
    }
  }
  return text;
}

std::string row_of(const AuditedMachine& machine) {
  std::string cells;
  for (const std::uint64_t count : machine.routes) cells += fmt::format("<td class=\"n\">{}</td>", grouped(count));
  return fmt::format(
      "<tr><td>{}</td>{}<td class=\"n\">{}</td><td class=\"n\">{:.1f} %</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
      html_text(machine.name), cells, duration_text(machine.cost_ns), 100 * machine.share,
      html_text(machine.clocksource.empty() ? "unknown" : machine.clocksource), html_text(machine.kernel),
      html_text(machine.head.time));
}

std::string row_of(const Finding& finding, const std::vector<AuditedMachine>& machines) {
  std::string cells;
  for (const AuditedMachine& machine : machines) {
    const auto calls = finding.machines.find(machine.name);
    cells +=
        fmt::format("<td class=\"n\">{}</td>", calls == finding.machines.end() ? "" : grouped(calls->second.count));
  }
  return fmt::format("<tr><td><code>{}</code></td><td>{}</td>{}</tr>\n", html_text(call_text(finding.key)),
                     name_of(finding.key.route), cells);
}

/// Wide tables scroll by themselves, the page does not.
std::string table(std::string_view head, std::string_view body) {
  return fmt::format(
      "<div style=\"overflow-x:auto\" tabindex=\"0\"><table><thead><tr>{}</tr></thead>\n<tbody>{}</tbody></table></div>\n",
      head, body);
}

std::string section(const Audit& audit) {
  std::string machines, calls, columns, routes;
  for (std::size_t route = 0; route < kRoutes; ++route)
    routes += fmt::format("<th class=\"n\">{}</th>", name_of(static_cast<Route>(route)));
  for (const AuditedMachine& machine : audit.machines) {
    machines += row_of(machine);
    columns += fmt::format("<th class=\"n\">{}</th>", html_text(machine.name));
  }
  for (const Finding& finding : audit.findings) calls += row_of(finding, audit.machines);
  const std::string head = fmt::format(
      "<th>machine</th>{}<th class=\"n\">cost</th><th class=\"n\">share</th><th>clocksource</th><th>kernel</th><th>time</th>",
      routes);
  return fmt::format(
      "<section id=\"machines\"><h2>Machines</h2>\n{}</section>\n<section><h2>Calls by machine</h2>\n{}</section>\n",
      table(head, machines), table("<th>call</th><th>route</th>" + columns, calls));
}

}  // namespace

std::string merge_html(const Audit& audit) {
  constexpr std::string_view kEnd = "</main>";
  std::string page = audit_html(audit);
  // Before any data: those have no '<'.
  const auto at = page.find(kEnd);
  CHECK(at != std::string::npos);
  return page.insert(at, section(audit));
}

}  // namespace vdsotrace
