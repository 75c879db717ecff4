// Structures that grow with the kernel, of which a program gives as many bytes as it knows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace vdsotrace {

/// As the kernel sees one of which `Known` bytes are known here: what the program did not give is zero. Offsets are
/// those of known members.
template <std::size_t Known>
struct GivenBytes {
  std::array<std::byte, Known> bytes{};
  std::uint64_t given = 0;  ///< may be more than is known

  template <class T>
  T at(std::uint64_t offset) const {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
  }
  /// A member of up to eight bytes.
  std::uint64_t number(std::uint64_t offset, unsigned size) const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + offset, size);
    return value;
  }
};

}  // namespace vdsotrace
