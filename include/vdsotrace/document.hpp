// What every JSON document says at its beginning: which rules it follows, who wrote it, where and when.
#pragma once

#include <string>

namespace vdsotrace {

/// Of the rules (docs/formats.md, docs/schema). It grows when a key is renamed or removed, or means something else; not
/// when one is added.
inline constexpr int kSchema = 1;

struct DocumentHead {
  std::string version;  ///< of vdsotrace
  std::string host;     ///< as uname(2) names it
  std::string time;     ///< of its writing, of a trace its beginning: "2026-11-26T23:10:05Z" (RFC 3339)
};

}  // namespace vdsotrace
