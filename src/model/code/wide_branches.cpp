#include "model/code/wide_branches.hpp"

#include <algorithm>
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

/// Jcc, LOOP, LOOPE, LOOPNE, JCXZ, JMP.
bool is_short_opcode(std::uint8_t opcode) {
  return (opcode & 0xf0) == 0x70 || (opcode >= 0xe0 && opcode <= 0xe3) || opcode == 0xeb;
}

}  // namespace

WideBranches::WideBranches(std::span<const std::byte> code, std::uint64_t address)
    : address_(address), size_(code.size()), targets_(code.size() / kBits + 1) {
  constexpr std::size_t kField = sizeof(std::int32_t);
  const auto byte_at = [&](std::size_t i) { return std::to_integer<std::uint8_t>(code[i]); };
  for (std::size_t at = 0; at + 1 + kField <= code.size(); ++at) {
    const std::size_t opcode = wide_opcode(byte_at(at), byte_at(at + 1));
    if (opcode == 0 || code.size() - at < opcode + kField) continue;
    std::int32_t displacement;
    std::memcpy(&displacement, code.data() + at + opcode, kField);
    note(at + opcode + kField + static_cast<std::uint64_t>(std::int64_t{displacement}));
  }
}

void WideBranches::note(std::uint64_t offset) {
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
