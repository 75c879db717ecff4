#include "sinks/json_line.hpp"

#include <algorithm>

#include "output/json_text.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kUsualRoom = 1024;

constexpr std::uint64_t of_each(char c) { return ~std::uint64_t{0} / 255 * static_cast<unsigned char>(c); }

/// Nothing but characters that JSON and terminals take as they are, of eight at a time: of the highest bit of each, set
/// or not, a subtraction shows which is below something.
bool plain(std::uint64_t eight) {
  const auto any_below = [](std::uint64_t bytes, char limit) { return (bytes - of_each(limit)) & ~bytes; };
  const auto any_is = [&](char c) { return any_below(eight ^ of_each(c), 1); };
  return ((eight | any_below(eight, ' ') | any_is('"') | any_is('\\') | any_is(0x7f)) & of_each('\x80')) == 0;
}

}  // namespace

bool needs_escapes(std::string_view text) {
  std::uint64_t eight;
  if (text.size() < sizeof eight) return !std::ranges::all_of(text, [](char c) { return plain(of_each(c)); });
  for (std::size_t at = 0; at < text.size(); at += sizeof eight) {
    // The last eight may have been looked at in part.
    std::memcpy(&eight, text.data() + std::min(at, text.size() - sizeof eight), sizeof eight);
    if (!plain(eight)) return true;
  }
  return false;
}

void JsonLine::grow(std::size_t count) {
  const std::size_t room = std::max({kUsualRoom, 2 * room_, used_ + count});
  auto bytes = std::make_unique_for_overwrite<char[]>(room);
  if (used_ > 0) std::memcpy(bytes.get(), bytes_.get(), used_);
  bytes_ = std::move(bytes);
  room_ = room;
}

JsonLine& JsonLine::escape(std::string_view chosen) { return append(dumped(json_text(chosen))); }

}  // namespace vdsotrace
