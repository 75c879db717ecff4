#include "reports/call_paths.hpp"

#include <fmt/core.h>

#include "base/path.hpp"

namespace vdsotrace {

std::string place_text(const CallerKey& place) {
  if (!place.symbol.empty()) return place.symbol;
  return place.module.empty() ? "[unknown]" : fmt::format("{}+{:#x}", base_name(place.module), place.offset);
}

void for_each_path(const Audit& audit, const Finding& finding, const std::function<void(const CallPath&)>& take) {
  const auto named = [&](const std::string& program) {
    if (!program.empty()) return program;
    return audit.run.command.empty() ? "process" : std::string(base_name(audit.run.command.front()));
  };
  for (const auto& [stack, count] : finding.stacks) take({named(stack.program), stack.places, count});
  if (!finding.stacks.empty()) return;
  for (const auto& [caller, count] : finding.programs) {
    CallPath path{named(caller.program), {}, count};
    const auto& [who, beyond] = caller.path;
    if (who.known()) path.places.push_back(who);
    if (beyond.known() && beyond != who) path.places.push_back(beyond);
    take(path);
  }
}

}  // namespace vdsotrace
