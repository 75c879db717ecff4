// Where a jump fits into a vDSO's code: which bytes can give way to one, by the control flow of all functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "vdsotrace/error.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// A run of whole instructions, and padding behind them, that gives way to a jump. Offsets in the image.
struct Window {
  std::uint32_t start = 0;
  std::uint32_t end = 0;   ///< of the last instruction; nothing comes here but what is in the run
  std::uint32_t room = 0;  ///< bytes from `start` that may be written over: a near jump fits, or a short one
  std::uint32_t taken_end() const { return std::max(end, start + room); }
  bool overlaps(std::uint32_t from, std::uint32_t to) const { return start < to && from < taken_end(); }
};

/// Finds windows for one image, none of which overlaps another that was taken, and holes: padding that is never
/// executed, in which a near jump fits that a short one leads to.
class StubWindows {
 public:
  explicit StubWindows(const VdsoImage& image);

  /// From `first` on, where an instruction of the function begins, as many as a near jump takes. Nothing if something
  /// jumps into the middle of them.
  std::optional<Window> from(const VdsoFunction& function, std::uint32_t first) const;
  /// As many as three jumps take, or as there are.
  std::optional<Window> wide_from(const VdsoFunction& function, std::uint32_t first) const;
  /// The instruction at `last` and those in front of it, as few as a near jump takes; as many as there are, for a short
  /// one, where something jumps to one of them.
  std::optional<Window> up_to(const VdsoFunction& function, const CodeSite& last) const;
  /// The instructions that end where the one at `behind` begins, which nothing else leads to.
  std::optional<Window> before(const VdsoFunction& function, std::uint32_t behind) const;
  /// The instruction at `site`, with the one in front of it where nothing jumps between the two, and those behind.
  std::optional<Window> around(const VdsoFunction& function, const CodeSite& site) const;

  void take(const Window& window) { taken_.push_back(window); }
  /// What the jump itself does not need is a hole.
  void take_narrow(const Window& window);
  /// Takes a hole within a short jump's reach of `from`.
  std::optional<std::uint32_t> take_hole(std::uint32_t from);

  /// What is taken now, to go back to.
  struct State {
    std::vector<Window> taken;
    std::vector<Window> holes;
  };
  State state() const { return {taken_, holes_}; }
  void restore(State state) {
    taken_ = std::move(state.taken);
    holes_ = std::move(state.holes);
  }

  /// Whether something jumps there, calls it or enters a function there.
  bool is_target(std::uint32_t offset) const { return targets_.contains(offset); }

 private:
  const CodeSite* instruction_at(const VdsoFunction& function, std::uint32_t offset) const;
  const CodeSite* instruction_before(const VdsoFunction& function, std::uint32_t offset) const;
  bool ends_flow(const CodeSite& site) const;
  std::uint32_t padding_behind(std::uint32_t offset) const;
  std::optional<std::uint32_t> end_of_return_near(const VdsoFunction& function, std::uint32_t offset) const;
  std::optional<Window> grow(const VdsoFunction& function, std::uint32_t start, std::uint32_t at_least) const;
  bool is_free(const Window& window) const;
  bool room_is_free(std::uint32_t from, std::uint32_t to) const;

  const VdsoImage& image_;
  std::set<std::uint32_t> targets_;
  std::set<std::uint32_t> executed_;  ///< where instructions of functions begin
  std::vector<Window> taken_;
  std::vector<Window> holes_;
};

}  // namespace vdsotrace
