#include "output/metrics_text.hpp"

#include <fmt/format.h>

#include <iterator>

#include "base/escape.hpp"

namespace vdsotrace {
namespace {

/// In ASCII: what is not UTF-8 would make the whole file unreadable.
std::string label_value(std::string_view value) {
  std::string text;
  for (const char c : escaped_unless_printable(value)) {
    if (c == '\\' || c == '"') text.push_back('\\');
    text.push_back(c);
  }
  return text;
}

}  // namespace

void MetricsText::begin(const MetricFamily& family) {
  name_ = family.name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", family.name, family.help, family.name,
                 family.kind == MetricKind::counter ? "counter" : "gauge");
}

void MetricsText::sample(std::span<const Label> labels, double value) {
  std::string list;
  for (const auto& [name, chosen] : labels) {
    if (!chosen.empty()) list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", name, label_value(chosen));
  }
  if (!list.empty()) list = '{' + list + '}';
  fmt::format_to(std::back_inserter(text_), "{}{} {}\n", name_, list, value);
}

}  // namespace vdsotrace
