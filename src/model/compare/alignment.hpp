// Two sequences laid side by side.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vdsotrace {

enum class Side : std::uint8_t { both, left, right };

/// A shortest list of steps (E. W. Myers, "An O(ND) Difference Algorithm and Its Variations") that goes through both
/// sequences: an element of both at once where they are equal, else one of either. Nothing if they differ
/// in more elements than can be found in a bounded time.
std::optional<std::vector<Side>> align(std::span<const std::uint32_t> left, std::span<const std::uint32_t> right);

}  // namespace vdsotrace
