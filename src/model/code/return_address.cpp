#include "model/code/return_address.hpp"

#include <cstdint>

namespace vdsotrace {
namespace {

constexpr std::uint8_t kCallRelative = 0xe8;
constexpr std::size_t kRelativeSize = 5;
constexpr std::uint8_t kIndirect = 0xff;
constexpr unsigned kCallNear = 2;  ///< the opcode extension in ModRM.reg
constexpr unsigned kRegister = 3;  ///< ModRM.mod
constexpr unsigned kHasSib = 4;    ///< ModRM.rm
constexpr unsigned kNoBase = 5;    ///< ModRM.rm or SIB.base, where ModRM.mod is 0

/// Size of an instruction of an opcode of one byte, with that ModRM and, maybe, SIB behind it.
std::size_t size_of_operand(std::uint8_t modrm, std::uint8_t sib) {
  const unsigned mod = modrm >> 6;
  const unsigned rm = modrm & 7;
  if (mod == kRegister) return 2;
  const bool has_sib = rm == kHasSib;
  const std::size_t size = has_sib ? 3 : 2;
  if (mod == 1) return size + 1;
  if (mod == 2) return size + 4;
  return (has_sib ? (sib & 7) : rm) == kNoBase ? size + 4 : size;
}

}  // namespace

bool end_with_call(std::span<const std::byte> code) {
  const auto at_end = [&](std::size_t back) { return std::to_integer<std::uint8_t>(code[code.size() - back]); };
  if (code.size() >= kRelativeSize && at_end(kRelativeSize) == kCallRelative) return true;
  for (std::size_t size = 2; size <= kLongestCall && size <= code.size(); ++size) {
    if (at_end(size) != kIndirect) continue;
    const std::uint8_t modrm = at_end(size - 1);
    const std::uint8_t sib = size > 2 ? at_end(size - 2) : std::uint8_t{0};
    if (((modrm >> 3) & 7) == kCallNear && size_of_operand(modrm, sib) == size) return true;
  }
  return false;
}

}  // namespace vdsotrace
