#include "engines/inline/region/block_layout.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

constexpr std::size_t kSharedRing = 64 * 1024;
constexpr std::size_t kFirstBlocks = 1;         // with a ring
constexpr std::size_t kFirstBlocksToCount = 8;  // without
constexpr std::size_t kMostBlocks = std::size_t{1} << INDEX_LOG2;

/// The more there are that keep up with each other, the less often a thread waits. Many threads cannot all have large
/// ones, and rarely need them: each has but a part of the processors.
constexpr std::size_t ring_bytes(std::size_t number) {
  constexpr std::size_t kKilobyte = 1024;
  if (number < 4) return 512 * kKilobyte;
  if (number < 32) return 128 * kKilobyte;
  if (number < 256) return 32 * kKilobyte;
  return number < 2048 ? 16 * kKilobyte : 8 * kKilobyte;
}

/// With what its last record may take beyond it: no record is larger than its ring.
constexpr std::size_t ring_room(std::size_t number, std::size_t overrun) {
  return ring_bytes(number) + std::min(ring_bytes(number), overrun);
}

}  // namespace

BlockLayout::BlockLayout(std::optional<RecordSize> size, std::size_t overrun)
    : size_(size), overrun_(overrun), end_(REGION_GROWS + (size ? kSharedRing : 0)) {}

std::size_t BlockLayout::first_bytes() const {
  std::size_t bytes = REGION_GROWS + (size_ ? kSharedRing : 0);
  for (std::size_t number = 0; number < (size_ ? kFirstBlocks : kFirstBlocksToCount); ++number)
    bytes += block_bytes(number);
  return bytes;
}

StubBlock BlockLayout::shared() const {
  StubBlock block;
  block.offset = REGION_SHARED;
  block.ring = REGION_GROWS;
  block.records = size_ ? kSharedRing / record_bytes() : 0;
  block.room = size_ ? kSharedRing : 0;
  return block;
}

std::size_t BlockLayout::block_bytes(std::size_t number) const {
  return BLOCK_BYTES + (size_ ? ring_room(number, overrun_) : 0);
}

std::optional<StubBlock> BlockLayout::add(std::size_t limit) {
  const std::size_t number = laid_out_;
  if (number == kMostBlocks || end_ + block_bytes(number) > limit) return std::nullopt;
  StubBlock block;
  block.number = number;
  block.offset = end_;
  block.ring = end_ + BLOCK_BYTES;
  block.records = size_ ? ring_bytes(number) / record_bytes() : 0;
  block.room = size_ ? ring_room(number, overrun_) : 0;
  end_ += block_bytes(number);
  ++laid_out_;
  return block;
}

std::size_t BlockLayout::end_of(std::size_t more, std::size_t limit) const {
  std::size_t end = end_;
  for (std::size_t number = laid_out_; number < laid_out_ + more && end + block_bytes(number) <= limit; ++number)
    end += block_bytes(number);
  return end;
}

}  // namespace vdsotrace
