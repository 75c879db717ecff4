#pragma once

#include <cstdint>

namespace vdsotrace {

/// In a process, or in a file before relocation: there it may begin below address 0, and so be large.
struct AddressRange {
  std::uint64_t start = 0;
  std::uint64_t end = 0;  ///< behind the last byte
  bool contains(std::uint64_t address) const { return address - start < size(); }
  std::uint64_t size() const { return end - start; }
  bool overlaps(const AddressRange& other) const { return other.start < end && start < other.end; }
  bool operator==(const AddressRange&) const = default;
};

}  // namespace vdsotrace
