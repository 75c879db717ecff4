#include "sinks/json_line.hpp"

#include <algorithm>
#include <array>

#include "sinks/json_text.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kUsualRoom = 1024;

/// Characters that JSON and terminals take as they are.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned c = ' '; c <= '~'; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

}  // namespace

void JsonLine::grow(std::size_t count) {
  const std::size_t room = std::max({kUsualRoom, 2 * room_, used_ + count});
  auto bytes = std::make_unique_for_overwrite<char[]>(room);
  if (used_ > 0) std::memcpy(bytes.get(), bytes_.get(), used_);
  bytes_ = std::move(bytes);
  room_ = room;
}

JsonLine& JsonLine::append(std::string_view text) {
  if (!text.empty()) std::memcpy(room(text.size()), text.data(), text.size());
  used_ += text.size();
  return *this;
}

JsonLine& JsonLine::name(std::string_view ours) {
  if (ours.empty()) return put("null");
  return put("\"").append(ours).put("\"");
}

JsonLine& JsonLine::string(std::string_view chosen) {
  char* to = room(chosen.size() + 2);
  *to++ = '"';
  for (const char c : chosen) {
    if (!kPlain[static_cast<unsigned char>(c)]) return append(dumped(json_text(chosen)));
    *to++ = c;
  }
  *to = '"';
  used_ += chosen.size() + 2;
  return *this;
}

}  // namespace vdsotrace
