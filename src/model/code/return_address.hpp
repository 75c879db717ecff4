// What a return address looks like, by the instruction in front of it.
#pragma once

#include <cstddef>
#include <span>

namespace vdsotrace {

/// No near call is longer, prefixes apart (Intel SDM volume 2, CALL).
inline constexpr std::size_t kLongestCall = 7;

/// Whether the bytes end with a near call, so that their end is a place to which a call may return.
/// Fewer than kLongestCall bytes will do where there are no more.
bool end_with_call(std::span<const std::byte> code);

}  // namespace vdsotrace
