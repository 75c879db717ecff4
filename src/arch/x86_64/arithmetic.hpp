// What instructions compute, and what that does to the flags register (Intel SDM, volume 1, 3.4.3.1).
#pragma once

#include <cstddef>
#include <cstdint>

namespace vdsotrace::arch {

constexpr std::uint64_t kCarry = 1 << 0;
constexpr std::uint64_t kParity = 1 << 2;
constexpr std::uint64_t kZero = 1 << 6;
constexpr std::uint64_t kSign = 1 << 7;
constexpr std::uint64_t kOverflow = 1 << 11;
/// Those that LAHF and SAHF move, the adjust flag among them.
constexpr std::uint64_t kLowFlags = kCarry | kParity | 1 << 4 | kZero | kSign;

/// The bits of an operand of so many bytes.
constexpr std::uint64_t mask_of(std::size_t size) {
  return size >= sizeof(std::uint64_t) ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
}

/// Operands have `size` bytes: 1, 2, 4 or 8. Results are without bits above that.
class Arithmetic {
 public:
  using Word = std::uint64_t;

  /// `flags` is changed by what is computed and must live as long.
  explicit Arithmetic(unsigned long long& flags) : flags_(flags) {}

  Word added(Word a, Word b, std::size_t size);
  Word subtracted(Word a, Word b, std::size_t size);
  /// The result of an AND, OR, XOR, or a shift.
  Word logical(Word value, std::size_t size);
  /// Whether a condition is met: the low four bits of the opcode of Jcc and CMOVcc.
  bool holds(unsigned condition) const;
  /// Sets kLowFlags as they are in `flags`.
  void set_low(Word flags) { flags_ = (flags_ & ~kLowFlags) | (flags & kLowFlags); }

 private:
  void set_flags(Word result, std::size_t size, bool carry, bool overflow);

  unsigned long long& flags_;
};

}  // namespace vdsotrace::arch
