#include "engines/inline/stub_blocks.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "engines/inline/system_call_record.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kSharedRing = 64 * 1024;
constexpr std::size_t kFirstBlocks = 1;         // with a ring
constexpr std::size_t kFirstBlocksToCount = 8;  // without
constexpr std::size_t kMostNewBlocks = 1024;

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

std::size_t hash(std::uint64_t thread_pointer) {
  return static_cast<std::uint32_t>(thread_pointer * HASH_FACTOR) >> HASH_SHIFT;
}

}  // namespace

std::size_t StubBlocks::first_bytes(std::optional<RecordSize> size, std::size_t overrun) {
  if (!size) return REGION_GROWS + kFirstBlocksToCount * BLOCK_BYTES;
  std::size_t bytes = REGION_GROWS + kSharedRing;
  for (std::size_t number = 0; number < kFirstBlocks; ++number) bytes += BLOCK_BYTES + ring_room(number, overrun);
  return bytes;
}

StubBlocks::StubBlocks(RegionMemory& memory, std::optional<RecordSize> size, std::size_t bytes, std::size_t overrun)
    : memory_(memory), size_(size), overrun_(overrun) {
  CHECK(bytes >= first_bytes(size, overrun) && memory_.size() >= bytes);
  shared_.offset = REGION_SHARED;
  shared_.ring = REGION_GROWS;
  shared_.records = size_ ? kSharedRing / record_bytes() : 0;
  shared_.room = size_ ? kSharedRing : 0;
  laid_out_ = REGION_GROWS + (size_ ? kSharedRing : 0);
  open(shared_);
  grow(bytes);
}

std::size_t StubBlocks::block_bytes(std::size_t number) const {
  return BLOCK_BYTES + (size_ ? ring_room(number, overrun_) : 0);
}

std::size_t StubBlocks::bytes_wanted() const {
  const std::size_t more = std::min(blocks_.size(), kMostNewBlocks);
  std::size_t end = laid_out_;
  for (std::size_t number = blocks_.size(); number < blocks_.size() + more; ++number) {
    if (end + block_bytes(number) > memory_.size()) break;
    end += block_bytes(number);
  }
  return end;
}

void StubBlocks::grow(std::size_t bytes) {
  bytes_ = std::min(bytes, memory_.size());
  while (blocks_.size() < (std::size_t{1} << INDEX_LOG2) && laid_out_ + block_bytes(blocks_.size()) <= bytes_) {
    const std::size_t number = blocks_.size();
    StubBlock block;
    block.offset = laid_out_;
    block.ring = laid_out_ + BLOCK_BYTES;
    block.records = size_ ? ring_bytes(number) / record_bytes() : 0;
    block.room = size_ ? ring_room(number, overrun_) : 0;
    laid_out_ += block_bytes(number);
    blocks_.push_back(block);
    free_.insert(number);
  }
}

/// Positions go on where they were: what lies in the ring must not look new to its next thread.
void StubBlocks::open(const StubBlock& block) {
  memory_.store<std::uint64_t>(block.offset + BLOCK_HEAD, block.taken);
  memory_.store<std::uint64_t>(block.offset + BLOCK_TAIL, block.taken);
  memory_.store<std::uint64_t>(block.offset + BLOCK_LIMIT, block.taken + block.records);
  memory_.store<std::uint64_t>(block.offset + BLOCK_RING, memory_.address(block.ring));
  memory_.store<std::uint64_t>(block.offset + BLOCK_STACK_LOW, block.stack.low);
  memory_.store<std::uint64_t>(block.offset + BLOCK_STACK_TOP, block.stack.top);
  memory_.store<std::uint32_t>(block.offset + BLOCK_LAST, static_cast<std::uint32_t>(block.records - 1));
  memory_.store<std::uint32_t>(block.offset + BLOCK_STRIDE, static_cast<std::uint32_t>(record_bytes()));
  if (block.offset == REGION_SHARED) return;
  memory_.store<std::uint64_t>(block.offset + BLOCK_CALL_BEGUN, 0);
  for (std::size_t i = 0; i < OPEN_COUNT; ++i)
    memory_.store<std::uint64_t>(block.offset + BLOCK_OPEN + (i << OPEN_LOG2) + OPEN_STACK, 0);
}

std::optional<std::size_t> StubBlocks::free_slot(std::uint64_t thread_pointer) const {
  const std::size_t first = REGION_INDEX + (hash(thread_pointer) << SLOT_LOG2);
  for (std::size_t i = 0; i < INDEX_PROBES; ++i) {
    const std::size_t slot = first + (i << SLOT_LOG2);
    if (memory_.load<std::uint64_t>(slot + SLOT_KEY) == 0) return slot;
  }
  return std::nullopt;
}

void StubBlocks::bind(std::uint64_t thread_pointer, pid_t tid, const StackBounds& stack) {
  const auto slot = free_slot(thread_pointer);
  if (!slot || free_.empty() || numbers_.contains(thread_pointer)) return;
  const std::size_t number = *free_.begin();
  free_.erase(free_.begin());
  active_.insert(number);
  numbers_[thread_pointer] = number;
  used_ = std::max(used_, number + 1);
  StubBlock& block = blocks_[number];
  block.key = thread_pointer + 1;
  block.tid = tid;
  block.slot = *slot;
  block.stack = stack;
  block.call_shown = 0;
  open(block);
  memory_.store<std::uint64_t>(*slot + SLOT_BLOCK, memory_.address(block.offset));
  memory_.store<std::uint64_t>(*slot + SLOT_KEY, block.key);
}

void StubBlocks::end_writing(std::uint64_t thread_pointer, pid_t tid) {
  if (StubBlock* block = find(thread_pointer, tid)) block->ended = true;
}

void StubBlocks::end(std::uint64_t thread_pointer, pid_t tid) {
  end_writing(thread_pointer, tid);
  if (const auto retired = retired_.extract(tid)) {
    blocks_[retired.mapped()].retired = false;
    release_if_empty(retired.mapped());
  } else if (find(thread_pointer, tid) != nullptr) {
    unbind(thread_pointer);
  }
}

void StubBlocks::hand_over(std::uint64_t thread_pointer, pid_t tid) {
  StubBlock* block = find(thread_pointer);
  if (block == nullptr) return;
  memory_.store<std::uint64_t>(block->offset + BLOCK_CALL_BEGUN, 0);
  block->tid = tid;
  block->ended = false;
  block->call_shown = 0;
}

void StubBlocks::retire(std::uint64_t thread_pointer) {
  const auto found = numbers_.find(thread_pointer);
  if (found == numbers_.end()) return;
  blocks_[found->second].retired = true;
  retired_[blocks_[found->second].tid] = found->second;
  unbind(thread_pointer);
}

void StubBlocks::unbind(std::uint64_t thread_pointer) {
  const auto found = numbers_.find(thread_pointer);
  if (found == numbers_.end()) return;
  const std::size_t number = found->second;
  numbers_.erase(found);
  memory_.store<std::uint64_t>(blocks_[number].slot + SLOT_KEY, 0);
  blocks_[number].leaving = true;
  blocks_[number].aside = false;
  release_if_empty(number);
}

void StubBlocks::release_if_empty(std::size_t number) {
  StubBlock& block = blocks_[number];
  if (!block.leaving || block.retired || waiting(block) != 0) return;
  // Its thread has another pointer than when it began its call; it will come back to the block.
  if (!block.ended && size_ && open_system_call(memory_, block, *size_)) return;
  block.leaving = block.ended = block.aside = false;
  active_.erase(number);
  free_.insert(number);
}

pid_t StubBlocks::writer(std::uint64_t thread_pointer) const {
  const StubBlock* block = find(thread_pointer);
  return block != nullptr ? block->tid : 0;
}

StubBlock* StubBlocks::find(std::uint64_t thread_pointer) {
  const auto found = numbers_.find(thread_pointer);
  return found == numbers_.end() ? nullptr : &blocks_[found->second];
}

StubBlock* StubBlocks::find(std::uint64_t thread_pointer, pid_t tid) {
  if (StubBlock* block = find(thread_pointer); block != nullptr && block->tid == tid) return block;
  const auto found = retired_.find(tid);
  return found == retired_.end() ? nullptr : &blocks_[found->second];
}

const StubBlock* StubBlocks::find(std::uint64_t thread_pointer) const {
  const auto found = numbers_.find(thread_pointer);
  return found == numbers_.end() ? nullptr : &blocks_[found->second];
}

}  // namespace vdsotrace
