// Which system call table and which data layout a call belongs to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vdsotrace {

/// A system call ABI: the numbering and the layout of the structures behind
/// pointers. One program can use several (an x86-64 program may run `int 0x80`).
enum class Abi : std::uint8_t { x86_64, i386, x32 };

/// What is known of one of them.
struct AbiRow {
  Abi abi;
  std::string_view name;        ///< as strace has it
  std::string_view suffix;      ///< behind the '@' of a call that is meant in this ABI only
  std::string_view call_table;  ///< libseccomp's name of the table of numbers
  unsigned word_size;           ///< of a pointer and of a C long behind a pointer, in bytes
  std::uint64_t number_bit;     ///< that all numbers of the table have (__X32_SYSCALL_BIT, asm/unistd.h)
};

/// In the order of the enumeration.
inline constexpr std::array<AbiRow, 3> kAbiRows{{
    {Abi::x86_64, "x86_64", "64", "x86_64", 8, 0},
    {Abi::i386, "i386", "32", "x86", 4, 0},
    {Abi::x32, "x32", "x32", "x32", 4, 0x40000000},
}};
inline constexpr std::array<Abi, kAbiRows.size()> kAbis{Abi::x86_64, Abi::i386, Abi::x32};

/// Every table ends before this number, `number_bit` left out: the highest in use are x32's own (512 to 547).
inline constexpr std::size_t kCallNumbers = 640;

constexpr const AbiRow& row_of(Abi abi) { return kAbiRows[static_cast<std::size_t>(abi)]; }
constexpr unsigned word_size(Abi abi) { return row_of(abi).word_size; }
constexpr std::string_view name_of(Abi abi) { return row_of(abi).name; }
constexpr std::uint64_t number_bit(Abi abi) { return row_of(abi).number_bit; }

}  // namespace vdsotrace
