// The auxiliary vector as the kernel laid it on a new program's stack (getauxval(3)). It is the program's own, so it
// can be had where there is no /proc; and as soon as the program has run it can hold anything.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "vdsotrace/memory.hpp"

namespace vdsotrace {

class AuxiliaryVector {
 public:
  struct Entry {
    std::uint64_t type;  ///< AT_*, elf.h
    std::uint64_t value;
    std::uint64_t address;  ///< where `type` is, `value` one word behind it
  };

  /// Of a program of which nothing has been executed yet. `is_64_bit`: the code that it runs; its words may be of 32
  /// bits all the same (x32). Nothing if the stack cannot be read or does not look as the kernel lays it out.
  static std::optional<AuxiliaryVector> on_stack(Memory& memory, std::uint64_t stack_pointer, bool is_64_bit);

  /// The value of the first entry of that type.
  std::optional<std::uint64_t> value(std::uint64_t type) const;
  std::span<const Entry> entries() const { return entries_; }
  /// Bytes of a type, and of a value.
  unsigned word_size() const { return word_size_; }

 private:
  std::vector<Entry> entries_;  ///< without the last, AT_NULL
  unsigned word_size_ = 0;
};

}  // namespace vdsotrace
