#include "arch/x86_64/arithmetic.hpp"

#include <bit>

namespace vdsotrace::arch {
namespace {

constexpr std::uint64_t sign_of(std::size_t size) { return std::uint64_t{1} << (8 * size - 1); }

}  // namespace

Arithmetic::Word Arithmetic::added(Word a, Word b, std::size_t size) {
  const Word mask = mask_of(size);
  const Word sum = (a + b) & mask;
  set_flags(sum, size, sum < (a & mask), ((a ^ sum) & (b ^ sum) & sign_of(size)) != 0);
  return sum;
}

Arithmetic::Word Arithmetic::subtracted(Word a, Word b, std::size_t size) {
  const Word mask = mask_of(size);
  const Word difference = (a - b) & mask;
  set_flags(difference, size, (a & mask) < (b & mask), ((a ^ b) & (a ^ difference) & sign_of(size)) != 0);
  return difference;
}

Arithmetic::Word Arithmetic::logical(Word value, std::size_t size) {
  set_flags(value & mask_of(size), size, false, false);
  return value & mask_of(size);
}

void Arithmetic::set_flags(Word result, std::size_t size, bool carry, bool overflow) {
  Word flags = flags_ & ~(kCarry | kParity | kZero | kSign | kOverflow);
  if (carry) flags |= kCarry;
  if (std::popcount(result & mask_of(1)) % 2 == 0) flags |= kParity;
  if (result == 0) flags |= kZero;
  if ((result & sign_of(size)) != 0) flags |= kSign;
  if (overflow) flags |= kOverflow;
  flags_ = flags;
}

bool Arithmetic::holds(unsigned condition) const {
  const auto set = [this](std::uint64_t flag) { return (flags_ & flag) != 0; };
  const bool less = set(kSign) != set(kOverflow);
  const bool met[] = {set(kOverflow), set(kCarry),  set(kZero), set(kCarry | kZero),
                      set(kSign),     set(kParity), less,       less || set(kZero)};
  return met[condition / 2] != (condition % 2 != 0);
}

}  // namespace vdsotrace::arch
