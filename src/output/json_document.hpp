// How every JSON document begins.
#pragma once

#include <string_view>

#include "output/json_text.hpp"
#include "vdsotrace/document.hpp"

namespace vdsotrace {

/// An object with `type`, `schema`, `version`, `host` and `time`, followed by the keys of `body`.
Json json_document(std::string_view type, const DocumentHead& head, const Json& body);

}  // namespace vdsotrace
