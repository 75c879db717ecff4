#include "model/code/wide_branches.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace vdsotrace {
namespace {

constexpr std::uint64_t kBits = 64;

/// Bytes of the opcode of a branch of 32 bits, 0 if none begins there (Intel SDM volume 2: CALL, JMP, Jcc, XBEGIN).
std::size_t wide_opcode(std::uint8_t first, std::uint8_t second) {
  if (first == 0xe8 || first == 0xe9) return 1;
  if (first == 0x0f && (second & 0xf0) == 0x80) return 2;
  return first == 0xc7 && second == 0xf8 ? 2 : 0;
}

/// The same of each of so many bytes; one more is read. Nothing branches there: compilers make vector instructions of
/// it.
constexpr std::size_t kAtOnce = 64;
std::array<std::uint8_t, kAtOnce> wide_opcodes(const std::byte* code) {
  std::array<std::uint8_t, kAtOnce> lengths;
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    const auto first = static_cast<std::uint8_t>(code[i]), second = static_cast<std::uint8_t>(code[i + 1]);
    const std::uint8_t short_one = (first & 0xfe) == 0xe8 ? 1 : 0;
    const std::uint8_t conditional = (second & 0xf0) == 0x80 ? 2 : 0;
    const std::uint8_t transaction = second == 0xf8 ? 2 : 0;
    lengths[i] = short_one | (first == 0x0f ? conditional : 0) | (first == 0xc7 ? transaction : 0);
  }
  return lengths;
}

/// Jcc, LOOP, LOOPE, LOOPNE, JCXZ, JMP.
bool is_short_opcode(std::uint8_t opcode) {
  return (opcode & 0xf0) == 0x70 || (opcode >= 0xe0 && opcode <= 0xe3) || opcode == 0xeb;
}

}  // namespace

WideBranches::WideBranches(std::span<const std::byte> code, std::uint64_t address)
    : address_(address), size_(code.size()), targets_(code.size() / kBits + 1) {
  std::size_t at = 0;
  for (; at + kAtOnce < code.size(); at += kAtOnce) {
    const auto lengths = wide_opcodes(code.data() + at);
    for (std::size_t i = 0; i < kAtOnce; i += sizeof(std::uint64_t)) {
      std::uint64_t some;
      std::memcpy(&some, &lengths[i], sizeof some);
      // Each byte that is not 0 has one bit.
      for (; some != 0; some &= some - 1) {
        const std::size_t k = i + static_cast<std::size_t>(std::countr_zero(some)) / 8;
        note(code, at + k, lengths[k]);
      }
    }
  }
  const auto byte_at = [&](std::size_t i) { return std::to_integer<std::uint8_t>(code[i]); };
  for (; at + 1 < code.size(); ++at) note(code, at, wide_opcode(byte_at(at), byte_at(at + 1)));
}

/// Of a branch with an opcode of so many bytes, if there is one.
void WideBranches::note(std::span<const std::byte> code, std::size_t at, std::size_t opcode) {
  std::int32_t displacement;
  if (opcode == 0 || code.size() - at < opcode + sizeof displacement) return;
  std::memcpy(&displacement, code.data() + at + opcode, sizeof displacement);
  const std::uint64_t offset = at + opcode + sizeof displacement +
                               static_cast<std::uint64_t>(std::int64_t{displacement});
  if (offset < size_) targets_[offset / kBits] |= std::uint64_t{1} << (offset % kBits);
}

bool WideBranches::lead_into(AddressRange range) const {
  for (std::uint64_t address = range.start; address < range.end; ++address) {
    const std::uint64_t offset = address - address_;
    if (offset < size_ && (targets_[offset / kBits] >> (offset % kBits) & 1) != 0) return true;
  }
  return false;
}

bool short_branch_may_lead_into(AddressRange range, std::span<const std::byte> code, std::uint64_t address) {
  for (std::size_t at = 0; at + 2 <= code.size(); ++at) {
    if (!is_short_opcode(std::to_integer<std::uint8_t>(code[at]))) continue;
    const auto displacement = static_cast<std::int8_t>(std::to_integer<std::uint8_t>(code[at + 1]));
    if (range.contains(address + at + 2 + static_cast<std::uint64_t>(std::int64_t{displacement}))) return true;
  }
  return false;
}

bool may_jump_by_table(std::span<const std::byte> code) {
  constexpr unsigned kOperation = 0x38;  // of ModRM; 4 of opcode ff is the near jump
  constexpr unsigned kNearBranchBit = 0x20;
  constexpr unsigned kSlot = 0x25;  // relative to the program counter
  for (std::size_t at = 0; at + 2 <= code.size(); ++at) {
    const auto modrm = std::to_integer<unsigned>(code[at + 1]);
    if (code[at] == std::byte{0xff} && (modrm & kOperation) == kNearBranchBit && modrm != kSlot) return true;
  }
  return false;
}

}  // namespace vdsotrace
