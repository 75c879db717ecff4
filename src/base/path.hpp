// Names of files.
#pragma once

#include <string_view>

namespace vdsotrace {

/// A path without its folders, within `path`; empty if that ends with a slash.
constexpr std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace vdsotrace
