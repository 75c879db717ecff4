// The calls of an audit by where they were made, as flame graphs and profiles show them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "audit/findings.hpp"

namespace vdsotrace {

struct CallPath {
  std::string program;            ///< that made them: its file's name
  std::vector<CallerKey> places;  ///< innermost first; empty: not known
  std::uint64_t count = 0;
};

/// Whole stacks where they are known, else each caller and who is beyond its runtime.
void for_each_path(const Audit& audit, const Finding& finding, const std::function<void(const CallPath&)>& take);

/// Its symbol, or "module+0x12" without the module's folder, or "[unknown]". Not escaped.
std::string place_text(const CallerKey& place);

}  // namespace vdsotrace
