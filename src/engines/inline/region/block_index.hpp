// Which block a thread pointer leads to: for us, and by an index in the memory for the stubs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "engines/inline/region/region_memory.hpp"

namespace vdsotrace {

class BlockIndex {
 public:
  explicit BlockIndex(RegionMemory& memory) : memory_(memory) {}

  /// The number of the block.
  std::optional<std::size_t> find(std::uint64_t thread_pointer) const {
    const auto found = entries_.find(thread_pointer);
    return found == entries_.end() ? std::nullopt : std::optional(found->second.number);
  }
  /// Where the pointer can be inserted; nothing if it is there already, or no place is left that stubs would find.
  std::optional<std::size_t> free_slot(std::uint64_t thread_pointer) const;
  /// From now on stubs find the block of that number and offset by the pointer.
  void insert(std::uint64_t thread_pointer, std::size_t slot, std::size_t number, std::size_t offset);
  /// The pointer leads nowhere any more. Answers where it has led.
  std::optional<std::size_t> erase(std::uint64_t thread_pointer);

 private:
  struct Entry {
    std::size_t number;  ///< of the block
    std::size_t slot;    ///< offset
  };

  RegionMemory& memory_;
  std::unordered_map<std::uint64_t, Entry> entries_;
};

}  // namespace vdsotrace
