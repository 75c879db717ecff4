#include "engines/inline/region/stub_blocks.hpp"

#include <algorithm>

#include "arch/attached_stub.hpp"
#include "base/check.hpp"
#include "engines/inline/region/system_call_record.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostNewBlocks = 1024;

/// Its thread is making a system call there, or is about to: also in a stub that outlives us.
bool has_open_call(const RegionMemory& memory, const StubBlock& block, RecordSize size) {
  return memory.load<std::uint64_t>(block.offset + BLOCK_CALL_BUSY) != 0 || open_system_call(memory, block, size);
}

}  // namespace

StubBlocks::StubBlocks(RegionMemory& memory, const BlockLayout& layout, std::size_t bytes)
    : memory_(memory), layout_(layout), shared_(layout.shared()), index_(memory) {
  CHECK(bytes >= layout.first_bytes() && memory_.size() >= bytes);
  open(shared_);
  grow(bytes);
}

std::size_t StubBlocks::bytes_wanted(std::size_t at_least) const {
  return layout_.end_of(std::max(std::min(blocks_.size(), kMostNewBlocks), at_least), memory_.size());
}

void StubBlocks::grow(std::size_t bytes) {
  bytes_ = std::min(bytes, memory_.size());
  while (const auto block = layout_.add(bytes_)) {
    free_.insert(blocks_.size());
    blocks_.push_back(*block);
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
  memory_.store<std::uint32_t>(block.offset + BLOCK_STRIDE, static_cast<std::uint32_t>(layout_.record_bytes()));
  if (block.offset == REGION_SHARED) return;
  memory_.store<std::uint64_t>(block.offset + BLOCK_CALL_GATE, block.number * arch::kGateBytes);
  memory_.store<std::uint64_t>(block.offset + BLOCK_CALL_BUSY, 0);
  memory_.store<std::uint64_t>(block.offset + BLOCK_CALL_BEGUN, 0);
  for (std::size_t i = 0; i < OPEN_COUNT; ++i)
    memory_.store<std::uint64_t>(block.offset + BLOCK_OPEN + (i << OPEN_LOG2) + OPEN_STACK, 0);
}

void StubBlocks::bind(std::uint64_t thread_pointer, pid_t tid, const StackBounds& stack) {
  const auto slot = index_.free_slot(thread_pointer);
  if (!slot || free_.empty()) return;
  const std::size_t number = *free_.begin();
  free_.erase(free_.begin());
  active_.insert(number);
  used_ = std::max(used_, number + 1);
  StubBlock& block = blocks_[number];
  block.key = thread_pointer + 1;
  block.tid = tid;
  block.stack = stack;
  block.call_shown = 0;
  open(block);
  index_.insert(thread_pointer, *slot, number, block.offset);
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
  memory_.store<std::uint64_t>(block->offset + BLOCK_CALL_BUSY, 0);
  block->tid = tid;
  block->ended = false;
  block->call_shown = 0;
}

void StubBlocks::retire(std::uint64_t thread_pointer) {
  const auto number = index_.find(thread_pointer);
  if (!number) return;
  blocks_[*number].retired = true;
  retired_[blocks_[*number].tid] = *number;
  unbind(thread_pointer);
}

void StubBlocks::unbind(std::uint64_t thread_pointer) {
  const auto number = index_.erase(thread_pointer);
  if (!number) return;
  blocks_[*number].leaving = true;
  blocks_[*number].aside = false;
  release_if_empty(*number);
}

void StubBlocks::release_if_empty(std::size_t number) {
  StubBlock& block = blocks_[number];
  if (!block.leaving || block.retired || waiting(block) != 0) return;
  // Its thread has another pointer than when it began its call; it will come back to the block.
  if (!block.ended && layout_.size() && has_open_call(memory_, block, *layout_.size())) return;
  block.leaving = block.ended = block.aside = false;
  active_.erase(number);
  free_.insert(number);
}

pid_t StubBlocks::writer(std::uint64_t thread_pointer) const {
  const StubBlock* block = find(thread_pointer);
  return block != nullptr ? block->tid : 0;
}

StubBlock* StubBlocks::find(std::uint64_t thread_pointer) {
  const auto number = index_.find(thread_pointer);
  return number ? &blocks_[*number] : nullptr;
}

StubBlock* StubBlocks::find(std::uint64_t thread_pointer, pid_t tid) {
  if (StubBlock* block = find(thread_pointer); block != nullptr && block->tid == tid) return block;
  const auto found = retired_.find(tid);
  return found == retired_.end() ? nullptr : &blocks_[found->second];
}

const StubBlock* StubBlocks::find(std::uint64_t thread_pointer) const {
  const auto number = index_.find(thread_pointer);
  return number ? &blocks_[*number] : nullptr;
}

}  // namespace vdsotrace
