// The jumps that are written over code, and the padding that they may be written into.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace vdsotrace {

inline constexpr std::size_t kNearJumpSize = 5;  ///< JMP rel32: reaches 2 GiB
inline constexpr std::byte kNearJumpOpcode{0xe9};
inline constexpr std::size_t kShortJumpSize = 2;  ///< JMP rel8: reaches 128 bytes back and 127 ahead of its end

/// The jump that stands at `from` and leads to `to`; nothing if that is out of its reach.
std::optional<std::array<std::byte, kNearJumpSize>> near_jump(std::uint64_t from, std::uint64_t to);
std::optional<std::array<std::byte, kShortJumpSize>> short_jump(std::uint64_t from, std::uint64_t to);

/// How many of the bytes are padding that a compiler, assembler or linker puts between pieces of code.
std::size_t padding_at(std::span<const std::byte> code);

}  // namespace vdsotrace
