// What `vdsotrace diff` says.
#pragma once

#include <string>

#include "audit/changes.hpp"
#include "output/text_style.hpp"

namespace vdsotrace {

struct ChangesFacts {
  DocumentHead head;
  const Audit& before;
  const Audit& after;
};

std::string changes_text(const Changes& changes, const ChangesFacts& facts, const TextStyle& style = {});
/// One object in one line, ended.
std::string changes_json(const Changes& changes, const ChangesFacts& facts);

}  // namespace vdsotrace
