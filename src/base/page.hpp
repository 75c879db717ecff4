#pragma once

#include <cstddef>

namespace vdsotrace {

/// Bytes of a page of memory of the x86-64 processor, the unit in which the kernel maps and protects.
inline constexpr std::size_t kPage = 4096;

}  // namespace vdsotrace
