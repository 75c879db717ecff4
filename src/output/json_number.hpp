// Numbers in JSON.
#pragma once

#include <cstdint>
#include <type_traits>

namespace vdsotrace {

/// A reader that keeps numbers as doubles has 53 bits.
template <class Integer>
bool fits_double(Integer value) {
  constexpr auto kLimit = std::int64_t{1} << 53;
  if constexpr (std::is_signed_v<Integer>) {
    return value > -kLimit && value < kLimit;
  } else {
    return value < std::uint64_t{kLimit};
  }
}

}  // namespace vdsotrace
