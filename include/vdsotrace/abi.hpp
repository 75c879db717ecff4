// Which system call table and which data layout a call belongs to.
#pragma once

#include <cstdint>
#include <string_view>

namespace vdsotrace {

/// A system call ABI: the numbering and the layout of the structures behind
/// pointers. One program can use several (an x86-64 program may run `int 0x80`).
enum class Abi : std::uint8_t { x86_64, i386, x32 };

/// Size in bytes of a pointer and of a C long behind a pointer of that ABI.
constexpr unsigned word_size(Abi abi) { return abi == Abi::x86_64 ? 8 : 4; }

/// "x86_64", "i386", "x32": the names that strace and libseccomp use.
constexpr std::string_view name_of(Abi abi) {
  switch (abi) {
    case Abi::x86_64: return "x86_64";
    case Abi::i386: return "i386";
    case Abi::x32: return "x32";
  }
  return "unknown";
}

}  // namespace vdsotrace
