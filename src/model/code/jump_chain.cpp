#include "model/code/jump_chain.hpp"

#include <algorithm>
#include <optional>

#include "model/code/jumps.hpp"

namespace vdsotrace {
namespace {

/// A jump that can be come to, and from which of the others.
struct Step {
  std::uint64_t at;
  std::size_t before;  ///< its own index for the first
  std::size_t length;  ///< how many are before it
};

class Search {
 public:
  Search(std::span<const AddressRange> paddings, std::span<const AddressRange> taken)
      : paddings_(paddings), taken_(taken) {}

  /// Breadth first, so that the first way is a shortest one.
  std::vector<std::uint64_t> run(std::uint64_t from, std::size_t relays) {
    steps_.push_back({from, 0, 0});
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      for (const AddressRange& padding : paddings_) {
        if (const auto at = slot(padding, i, kNearJumpSize)) return chain(i, *at);
      }
      if (steps_[i].length == relays) continue;
      for (const AddressRange& padding : paddings_) {
        const auto at = slot(padding, i, kShortJumpSize);
        const bool known = std::ranges::any_of(steps_, [&](const Step& step) { return padding.contains(step.at); });
        if (at && !known) steps_.push_back({*at, i, steps_[i].length + 1});
      }
    }
    return {};
  }

 private:
  /// From the end: the beginning may be wanted behind a return.
  std::optional<std::uint64_t> slot(const AddressRange& padding, std::size_t step, std::size_t size) const {
    for (std::uint64_t end = padding.end; end >= padding.start + size; --end) {
      const AddressRange place{end - size, end};
      if (short_jump(steps_[step].at, place.start) && is_free(place, step)) return place.start;
    }
    return std::nullopt;
  }

  bool is_free(const AddressRange& place, std::size_t step) const {
    if (std::ranges::any_of(taken_, [&](const AddressRange& other) { return other.overlaps(place); })) return false;
    for (std::size_t i = step; i != steps_[i].before; i = steps_[i].before) {
      if (place.overlaps({steps_[i].at, steps_[i].at + kShortJumpSize})) return false;
    }
    return true;
  }

  std::vector<std::uint64_t> chain(std::size_t last, std::uint64_t near) const {
    std::vector<std::uint64_t> found{near};
    for (std::size_t i = last; i != steps_[i].before; i = steps_[i].before) found.push_back(steps_[i].at);
    std::reverse(found.begin(), found.end());
    return found;
  }

  std::span<const AddressRange> paddings_;
  std::span<const AddressRange> taken_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<std::uint64_t> chain_to_padding(std::uint64_t from, std::span<const AddressRange> paddings,
                                            std::size_t relays, std::span<const AddressRange> taken) {
  return Search(paddings, taken).run(from, relays);
}

}  // namespace vdsotrace
