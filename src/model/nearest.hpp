#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vdsotrace {

/// The word among `known` that `word` was most likely meant to be; empty if none is
/// near (Levenshtein distance over a third of its length).
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// "did you mean X?", or empty.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace vdsotrace
