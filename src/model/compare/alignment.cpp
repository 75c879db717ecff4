#include "model/compare/alignment.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

constexpr std::ptrdiff_t kMostDifferences = 2000;

using Sequence = std::span<const std::uint32_t>;
/// For each diagonal (left index - right index), from -d to d: how far in `left` d differences lead.
using Reach = std::vector<std::ptrdiff_t>;

/// Whether diagonal `k` is reached best by one of `right` (from the diagonal above).
bool comes_from_above(const Reach& before, std::ptrdiff_t d, std::ptrdiff_t k) {
  const auto at = [&](std::ptrdiff_t diagonal) { return before[static_cast<std::size_t>(diagonal + d - 1)]; };
  return k == -d || (k != d && at(k - 1) < at(k + 1));
}

std::ptrdiff_t start_of(const Reach& before, std::ptrdiff_t d, std::ptrdiff_t k) {
  if (d == 0) return 0;
  const auto at = [&](std::ptrdiff_t diagonal) { return before[static_cast<std::size_t>(diagonal + d - 1)]; };
  return comes_from_above(before, d, k) ? at(k + 1) : at(k - 1) + 1;
}

/// How far each number of differences leads, up to the one that leads to both ends.
std::optional<std::vector<Reach>> explore(Sequence left, Sequence right) {
  const auto n = std::ssize(left);
  const auto m = std::ssize(right);
  std::vector<Reach> reached;
  for (std::ptrdiff_t d = 0; d <= std::min(n + m, kMostDifferences); ++d) {
    Reach reach(static_cast<std::size_t>(2 * d + 1), 0);
    for (std::ptrdiff_t k = -d; k <= d; k += 2) {
      std::ptrdiff_t x = start_of(d == 0 ? Reach{} : reached.back(), d, k);
      const auto equal_at = [&](std::ptrdiff_t l, std::ptrdiff_t r) {
        return l < n && r >= 0 && r < m && left[static_cast<std::size_t>(l)] == right[static_cast<std::size_t>(r)];
      };
      while (equal_at(x, x - k)) ++x;
      reach[static_cast<std::size_t>(k + d)] = x;
      if (x >= n && x - k >= m) {
        reached.push_back(std::move(reach));
        return reached;
      }
    }
    reached.push_back(std::move(reach));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<Side>> align(Sequence left, Sequence right) {
  const auto reached = explore(left, right);
  if (!reached) return std::nullopt;
  std::vector<Side> steps;
  std::ptrdiff_t x = std::ssize(left);
  std::ptrdiff_t k = x - std::ssize(right);
  for (std::ptrdiff_t d = std::ssize(*reached) - 1; d >= 0; --d) {
    const Reach before = d == 0 ? Reach{} : (*reached)[static_cast<std::size_t>(d - 1)];
    const std::ptrdiff_t start = start_of(before, d, k);
    steps.insert(steps.end(), static_cast<std::size_t>(x - start), Side::both);
    if (d == 0) break;
    const bool above = comes_from_above(before, d, k);
    steps.push_back(above ? Side::right : Side::left);
    x = above ? start : start - 1;
    k += above ? 1 : -1;
  }
  std::ranges::reverse(steps);
  return steps;
}

}  // namespace vdsotrace
