#include "engines/inline/plan/stub_windows.hpp"

#include <algorithm>

#include "arch/stubs.hpp"
#include "model/code/x86.hpp"

namespace vdsotrace {
namespace {

/// As much of the padding behind as a near jump takes.
Window with_padding(std::uint32_t start, std::uint32_t end, std::uint32_t padding) {
  const std::uint32_t size = end - start;
  return {start, end, size >= arch::kJumpSize ? size : std::min<std::uint32_t>(size + padding, arch::kJumpSize)};
}

}  // namespace

StubWindows::StubWindows(const VdsoImage& image) : image_(image) {
  for (const VdsoFunction& function : image.functions()) {
    targets_.insert(function.entry);
    targets_.insert(function.branch_targets.begin(), function.branch_targets.end());
    targets_.insert(function.helpers.begin(), function.helpers.end());
    for (const CodeSite& site : function.instructions) executed_.insert(site.offset);
  }
  for (const VdsoFunction& function : image.functions()) {
    for (const CodeSite& site : function.instructions) {
      if (!ends_flow(site)) continue;
      const std::uint32_t at = site.offset + site.length;
      const std::uint32_t size = padding_behind(at);
      if (size >= arch::kJumpSize) holes_.push_back({at, at + size, size});
    }
  }
}

const CodeSite* StubWindows::instruction_at(const VdsoFunction& function, std::uint32_t offset) const {
  const auto found = std::ranges::lower_bound(function.instructions, offset, {}, &CodeSite::offset);
  return found != function.instructions.end() && found->offset == offset ? &*found : nullptr;
}

const CodeSite* StubWindows::instruction_before(const VdsoFunction& function, std::uint32_t offset) const {
  auto found = std::ranges::lower_bound(function.instructions, offset, {}, &CodeSite::offset);
  if (found == function.instructions.begin()) return nullptr;
  --found;
  return found->offset + found->length == offset ? &*found : nullptr;
}

bool StubWindows::ends_flow(const CodeSite& site) const {
  const Flow flow = classify(image_.bytes().subspan(site.offset, site.length), true).flow;
  return flow == Flow::ret || flow == Flow::jump || flow == Flow::indirect_jump || flow == Flow::trap;
}

/// What follows a return or a jump is reached only by jumps, and all of these are known.
std::uint32_t StubWindows::padding_behind(std::uint32_t offset) const {
  const auto bytes = image_.bytes();
  if (offset >= bytes.size()) return 0;
  std::uint32_t end = offset + static_cast<std::uint32_t>(arch::padding_at(bytes.subspan(offset)));
  for (const auto* places : {&targets_, &executed_}) {
    const auto next = places->lower_bound(offset);
    if (next != places->end()) end = std::min(end, *next);
  }
  return end - offset;
}

bool StubWindows::room_is_free(std::uint32_t from, std::uint32_t to) const {
  return std::ranges::none_of(taken_, [&](const Window& other) { return other.overlaps(from, to); });
}

bool StubWindows::is_free(const Window& window) const {
  for (std::uint32_t offset = window.start + 1; offset < window.end; ++offset) {
    if (is_target(offset)) return false;
  }
  return room_is_free(window.start, window.taken_end());
}

/// The end of a return so near behind that nothing would be left for a jump of its own.
std::optional<std::uint32_t> StubWindows::end_of_return_near(const VdsoFunction& function, std::uint32_t offset) const {
  for (std::uint32_t at = offset; at < offset + arch::kJumpSize && !is_target(at);) {
    const CodeSite* site = instruction_at(function, at);
    if (site == nullptr) return std::nullopt;
    at += site->length;
    const bool returns = std::ranges::find(function.returns, site->offset, &CodeSite::offset) != function.returns.end();
    if (returns) return room_is_free(offset, at) ? std::optional(at) : std::nullopt;
    if (ends_flow(*site)) return std::nullopt;
  }
  return std::nullopt;
}

/// Whole instructions from `start` until there are `at_least` bytes, or nothing comes behind them.
std::optional<Window> StubWindows::grow(const VdsoFunction& function, std::uint32_t start,
                                        std::uint32_t at_least) const {
  Window window{start, start, 0};
  while (window.room < at_least) {
    const CodeSite* site = instruction_at(function, window.end);
    if (site == nullptr || (window.end != start && is_target(window.end))) break;
    window.end += site->length;
    window.room = window.end - start;
    if (!ends_flow(*site)) continue;
    window = with_padding(start, window.end, padding_behind(window.end));
    break;
  }
  if (const auto end = end_of_return_near(function, window.end)) window = with_padding(start, *end, 0);
  if (window.room < arch::kShortJumpSize || !is_free(window)) return std::nullopt;
  return window;
}

std::optional<Window> StubWindows::from(const VdsoFunction& function, std::uint32_t first) const {
  return grow(function, first, arch::kJumpSize);
}

std::optional<Window> StubWindows::wide_from(const VdsoFunction& function, std::uint32_t first) const {
  constexpr std::uint32_t kJumps = 3;
  return grow(function, first, kJumps * arch::kJumpSize);
}

void StubWindows::take_narrow(const Window& window) {
  const auto jump_end = static_cast<std::uint32_t>(window.start + arch::kJumpSize);
  taken_.push_back({window.start, jump_end, arch::kJumpSize});
  if (window.end > jump_end) holes_.push_back({jump_end, window.end, window.end - jump_end});
}

std::optional<Window> StubWindows::up_to(const VdsoFunction& function, const CodeSite& last) const {
  const std::uint32_t end = last.offset + last.length;
  const std::uint32_t padding = ends_flow(last) ? padding_behind(end) : 0;
  std::uint32_t start = last.offset;
  while (end + padding - start < arch::kJumpSize && !is_target(start)) {
    const CodeSite* site = instruction_before(function, start);
    if (site == nullptr || !room_is_free(site->offset, start)) break;
    start = site->offset;
  }
  const Window window = with_padding(start, end, padding);
  if (window.room < arch::kShortJumpSize || !is_free(window)) return std::nullopt;
  return window;
}

std::optional<Window> StubWindows::before(const VdsoFunction& function, std::uint32_t behind) const {
  std::uint32_t start = behind;
  while (behind - start < arch::kJumpSize) {
    if (is_target(start)) return std::nullopt;
    const CodeSite* site = instruction_before(function, start);
    if (site == nullptr) return std::nullopt;
    start = site->offset;
  }
  const Window window{start, behind, behind - start};
  if (!is_free(window)) return std::nullopt;
  return window;
}

std::optional<Window> StubWindows::around(const VdsoFunction& function, const CodeSite& site) const {
  const CodeSite* previous = is_target(site.offset) ? nullptr : instruction_before(function, site.offset);
  const std::uint32_t start = previous != nullptr ? previous->offset : site.offset;
  const std::uint32_t least = site.offset + site.length - start;
  return grow(function, start, std::max<std::uint32_t>(least, arch::kJumpSize));
}

std::optional<std::uint32_t> StubWindows::take_hole(std::uint32_t from) {
  for (const Window& hole : holes_) {
    // From the end: the beginning may be wanted behind a return.
    for (auto at = static_cast<std::uint32_t>(hole.end - arch::kJumpSize); at >= hole.start; --at) {
      if (!arch::short_jump(from, at) || !room_is_free(at, at + arch::kJumpSize)) continue;
      taken_.push_back({at, at, arch::kJumpSize});
      return at;
    }
  }
  return std::nullopt;
}

}  // namespace vdsotrace
