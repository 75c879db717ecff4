#include "engines/inline/region/block_index.hpp"

#include "arch/stub_layout.h"

namespace vdsotrace {
namespace {

std::size_t hash(std::uint64_t thread_pointer) {
  return static_cast<std::uint32_t>(thread_pointer * HASH_FACTOR) >> HASH_SHIFT;
}

}  // namespace

std::optional<std::size_t> BlockIndex::free_slot(std::uint64_t thread_pointer) const {
  if (entries_.contains(thread_pointer)) return std::nullopt;
  const std::size_t first = REGION_INDEX + (hash(thread_pointer) << SLOT_LOG2);
  for (std::size_t i = 0; i < INDEX_PROBES; ++i) {
    const std::size_t slot = first + (i << SLOT_LOG2);
    if (memory_.load<std::uint64_t>(slot + SLOT_KEY) == 0) return slot;
  }
  return std::nullopt;
}

void BlockIndex::insert(std::uint64_t thread_pointer, std::size_t slot, std::size_t number, std::size_t offset) {
  entries_[thread_pointer] = {number, slot};
  memory_.store<std::uint64_t>(slot + SLOT_BLOCK, memory_.address(offset));
  memory_.store<std::uint64_t>(slot + SLOT_KEY, thread_pointer + 1);
}

std::optional<std::size_t> BlockIndex::erase(std::uint64_t thread_pointer) {
  const auto entry = entries_.extract(thread_pointer);
  if (!entry) return std::nullopt;
  memory_.store<std::uint64_t>(entry.mapped().slot + SLOT_KEY, 0);
  return entry.mapped().number;
}

}  // namespace vdsotrace
