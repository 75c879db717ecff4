#include <fmt/core.h>

#include <algorithm>

#include "base/escape.hpp"
#include "base/path.hpp"
#include "reports/audit.hpp"
#include "reports/call_paths.hpp"

namespace vdsotrace {
namespace {

/// A semicolon ends a frame, a newline a stack, and the last blank stands before the count: tools differ in which blank
/// they take for it.
std::string frame(std::string text) {
  text = escaped(text);
  std::ranges::replace(text, ';', ':');
  std::ranges::replace(text, ' ', '_');
  return text;
}

/// Of a whole stack one frame a place; of a caller alone also its module.
std::string frames_of(const CallPath& path, bool whole) {
  std::string text;
  for (auto place = path.places.rbegin(); place != path.places.rend(); ++place) {
    if (!whole && !place->module.empty() && !place->symbol.empty())
      text += ';' + frame(std::string(base_name(place->module)));
    text += ';' + frame(place_text(*place));
  }
  return text;
}

}  // namespace

std::string audit_folded(const Audit& audit) {
  std::string text;
  for (const Finding& finding : audit.findings) {
    const std::string leaf = fmt::format("{}_[{}]", frame(call_text(finding.key)), name_of(finding.key.route));
    for_each_path(audit, finding, [&](const CallPath& path) {
      text +=
          fmt::format("{}{};{} {}\n", frame(path.program), frames_of(path, !finding.stacks.empty()), leaf, path.count);
    });
  }
  return text;
}

}  // namespace vdsotrace
