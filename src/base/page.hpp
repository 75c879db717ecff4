#pragma once

#include <cstddef>
#include <cstdint>

namespace vdsotrace {

/// Bytes of a page of memory of the x86-64 processor, the unit in which the kernel maps and protects.
inline constexpr std::size_t kPage = 4096;

/// So many bytes, or an address, rounded up to whole pages.
constexpr std::uint64_t whole_pages(std::uint64_t bytes) { return (bytes + kPage - 1) & ~std::uint64_t{kPage - 1}; }

}  // namespace vdsotrace
