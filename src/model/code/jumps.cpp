#include "model/code/jumps.hpp"

#include <algorithm>
#include <cstring>

namespace vdsotrace {
namespace {

constexpr std::byte kNearJump{0xe9};
constexpr std::byte kShortJump{0xeb};
constexpr std::byte kTrapByte{0xcc};

/// What assemblers pad with, the longest first (Intel SDM, NOP; binutils, gas/config/tc-i386.c): nopw with any number
/// of operand size prefixes, then nopl of 9 down to 3 bytes, xchg %ax,%ax and nop.
std::size_t nop_at(std::span<const std::byte> code) {
  constexpr std::size_t kMostPrefixes = 10;
  std::size_t prefixes = 0;
  while (prefixes < std::min(code.size(), kMostPrefixes) &&
         (code[prefixes] == std::byte{0x66} || code[prefixes] == std::byte{0x2e}))
    ++prefixes;
  const auto rest = code.subspan(prefixes);
  if (!rest.empty() && rest[0] == std::byte{0x90}) return prefixes + 1;
  if (rest.size() < 3 || rest[0] != std::byte{0x0f} || rest[1] != std::byte{0x1f}) return 0;
  std::size_t size = 0;
  switch (static_cast<unsigned>(rest[2])) {
    case 0x00: size = 3; break;  // nopl (%rax)
    case 0x40: size = 4; break;  // nopl 0(%rax)
    case 0x44: size = 5; break;  // nopl 0(%rax,%rax,1)
    case 0x80: size = 7; break;  // the same with 32-bit displacements
    case 0x84: size = 8; break;
    default: return 0;
  }
  return size <= rest.size() ? prefixes + size : 0;
}

}  // namespace

std::optional<std::array<std::byte, kNearJumpSize>> near_jump(std::uint64_t from, std::uint64_t to) {
  const auto distance = static_cast<std::int64_t>(to - from - kNearJumpSize);
  const auto displacement = static_cast<std::int32_t>(distance);
  if (displacement != distance) return std::nullopt;
  std::array<std::byte, kNearJumpSize> code{kNearJump};
  std::memcpy(&code[1], &displacement, sizeof displacement);
  return code;
}

std::optional<std::array<std::byte, kShortJumpSize>> short_jump(std::uint64_t from, std::uint64_t to) {
  const auto distance = static_cast<std::int64_t>(to - from - kShortJumpSize);
  const auto displacement = static_cast<std::int8_t>(distance);
  if (displacement != distance) return std::nullopt;
  return std::array{kShortJump, static_cast<std::byte>(displacement)};
}

std::size_t padding_at(std::span<const std::byte> code) {
  std::size_t size = 0;
  while (size < code.size()) {
    const std::size_t more = code[size] == kTrapByte ? 1 : nop_at(code.subspan(size));
    if (more == 0) break;
    size += more;
  }
  return size;
}

}  // namespace vdsotrace
