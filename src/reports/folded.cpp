#include <fmt/core.h>

#include <algorithm>

#include "base/escape.hpp"
#include "reports/audit.hpp"

namespace vdsotrace {
namespace {

/// A semicolon ends a frame, a newline a stack.
std::string frame(std::string text) {
  text = escaped(text);
  std::ranges::replace(text, ';', ':');
  return text;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Of a whole stack: one frame a place.
std::string place_text(const CallerKey& place) {
  if (!place.symbol.empty()) return place.symbol;
  return place.module.empty() ? "[unknown]" : fmt::format("{}+{:#x}", base_name(place.module), place.offset);
}

/// Of a caller: its module, and it.
std::string caller_frames(const CallerKey& who) {
  std::string text;
  if (!who.module.empty()) text += ';' + frame(base_name(who.module));
  if (!who.symbol.empty()) text += ';' + frame(who.symbol);
  return text;
}

/// Who is beyond a runtime called it.
std::string caller_frames(const CallerFinding& caller) {
  const bool another = caller.beyond.known() && caller.beyond != caller.who;
  return (another ? caller_frames(caller.beyond) : std::string()) + caller_frames(caller.who);
}

std::string stack_frames(const CallStack& stack) {
  std::string text;
  for (auto place = stack.rbegin(); place != stack.rend(); ++place) text += ';' + frame(place_text(*place));
  return text;
}

}  // namespace

std::string audit_folded(const Audit& audit) {
  const std::string program = audit.run.command.empty() ? "process" : base_name(audit.run.command.front());
  std::string text;
  for (const Finding& finding : audit.findings) {
    const auto line = [&](const std::string& frames, std::uint64_t count) {
      text += fmt::format("{}{};{}_[{}] {}\n", frame(program), frames, frame(call_text(finding.key)),
                          name_of(finding.key.route), count);
    };
    for (const auto& [stack, count] : finding.stacks) line(stack_frames(stack), count);
    if (!finding.stacks.empty()) continue;
    for (const CallerFinding& caller : finding.callers) line(caller_frames(caller), caller.total.count);
  }
  return text;
}

}  // namespace vdsotrace
