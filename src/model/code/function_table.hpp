// Where the functions of a file begin and end, by any of these: unwind information, symbols, Go's table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address_range.hpp"

namespace vdsotrace {

/// Immutable. Addresses are those of the file, before relocation.
class FunctionTable {
 public:
  FunctionTable() = default;
  /// In any order, a function any number of times. An empty range is a place where something enters, such as a symbol
  /// without a size. What ends before it starts is left out.
  explicit FunctionTable(std::vector<AddressRange> functions);

  /// The function around an address. Functions that overlap, as one with a second entry does, are one.
  std::optional<AddressRange> around(std::uint64_t address) const;
  /// The code around an address that is in none: from the end of the function before it to the start of the next.
  AddressRange gap(std::uint64_t address) const;
  /// The functions that have a byte in the range, sorted.
  std::span<const AddressRange> within(AddressRange range) const;
  /// Where functions are entered in the range, sorted.
  std::span<const std::uint64_t> entries(AddressRange range) const;

  bool empty() const { return functions_.empty(); }
  std::size_t size() const { return functions_.size(); }

 private:
  std::vector<AddressRange> functions_;  ///< sorted, none overlaps another
  std::vector<std::uint64_t> entries_;   ///< sorted
};

}  // namespace vdsotrace
