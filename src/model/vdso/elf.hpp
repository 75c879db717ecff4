// What a vDSO image says of itself: ELF headers, dynamic symbols, notes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vdsotrace/error.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// A dynamic symbol that code could be at: defined, a function or without a type,
/// with a name that is a plain identifier, inside the loaded part of the image.
struct ElfSymbol {
  std::string_view name;  ///< in the bytes that were read
  std::uint32_t offset = 0;
  std::uint64_t size = 0;
};

struct ElfFacts {
  Machine machine = Machine::other;
  std::uint32_t code_start = 0;  ///< the part of the image that is loaded
  std::uint32_t code_end = 0;
  std::vector<ElfSymbol> symbols;  ///< in the order of the table
  std::string build_id;            ///< lower-case hexadecimal, or empty
  std::uint32_t unused_from = 0;
};

/// Symbols are found through the dynamic segment, as a C library finds them; through
/// the section headers only where that segment has no hash table that gives their number.
Result<ElfFacts> read_elf(std::span<const std::byte> bytes);

}  // namespace vdsotrace
