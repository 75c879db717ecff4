#include <fmt/format.h>

#include <algorithm>

#include "model/syscalls/print.hpp"
#include "sinks/audit_report.hpp"

namespace vdsotrace {
namespace {

/// A semicolon ends a frame, a newline a stack.
std::string frame(std::string text) {
  text = escaped(text);
  std::ranges::replace(text, ';', ':');
  return text;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::string audit_folded(const Audit& audit) {
  const std::string program = audit.run.command.empty() ? "process" : base_name(audit.run.command.front());
  std::string text;
  for (const Finding& finding : audit.findings) {
    for (const CallerFinding& caller : finding.callers) {
      text += frame(program);
      if (!caller.who.module.empty()) text += ';' + frame(base_name(caller.who.module));
      if (!caller.who.symbol.empty()) text += ';' + frame(caller.who.symbol);
      text += fmt::format(";{}_[{}] {}\n", frame(call_text(finding.key)), name_of(finding.key.route), caller.total.count);
    }
  }
  return text;
}

}  // namespace vdsotrace
