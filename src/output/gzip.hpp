// Compressed bytes, as gzip(1) makes them.
#pragma once

#include <string>
#include <string_view>

namespace vdsotrace {

/// A gzip file (RFC 1952) without a name and a time: the same bytes make the same file.
std::string gzipped(std::string_view bytes);

}  // namespace vdsotrace
