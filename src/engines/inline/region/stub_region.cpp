#include "engines/inline/region/stub_region.hpp"

#include "engines/inline/region/stub_open_calls.hpp"
#include "engines/inline/region/system_call_record.hpp"

namespace vdsotrace {

static_assert(KEEPER_DIED == DeathMark::kDead);
static_assert(BLOCK_OPEN + (OPEN_COUNT << OPEN_LOG2) <= BLOCK_ROWS);
static_assert(BLOCK_PATHS < BLOCK_PATHS_END);
static_assert(BLOCK_CALL_CASE + sizeof(std::uint64_t) <= BLOCK_BYTES);
static_assert(OPEN_CALL_VALUE + RECORD_VALUE_BYTES <= (1 << OPEN_LOG2));

StubRegion::StubRegion(SharedMemory memory, std::uint64_t address, std::size_t bytes, bool may_sleep,
                       std::optional<RecordSize> size, std::size_t overrun)
    : memory_(std::move(memory), address),
      waits_(memory_, may_sleep),
      size_(size),
      blocks_(memory_, BlockLayout(size, overrun), bytes),
      rings_(memory_, blocks_, size) {
  memory_.store<std::uint64_t>(REGION_MAGIC, kMagic);
  memory_.mark_death(REGION_KEEPER);
}

void StubRegion::set_go_code(std::uint64_t address, std::uint64_t bytes) {
  memory_.store<std::uint64_t>(REGION_GO_CODE, address);
  memory_.store<std::uint64_t>(REGION_GO_CODE_BYTES, bytes);
}

std::byte* StubRegion::shared(std::uint64_t address, std::size_t size) const {
  const std::uint64_t offset = address - memory_.address();
  const bool inside = offset < bytes() && bytes() - offset >= size;
  return inside && size != 0 && offset % size == 0 ? memory_.at(offset) : nullptr;
}

std::optional<StubRecord> StubRegion::open_call(std::uint64_t thread_pointer, std::uint64_t stack) const {
  if (!size_) return std::nullopt;
  return find_open_call(memory_, blocks_.find(thread_pointer), thread_pointer + 1, stack);
}

std::optional<StubRecord> StubRegion::open_system_call(std::uint64_t thread_pointer, pid_t tid) {
  const StubBlock* block = size_ ? blocks_.find(thread_pointer, tid) : nullptr;
  return block != nullptr ? vdsotrace::open_system_call(memory_, *block, *size_) : std::nullopt;
}

void StubRegion::take_open_system_calls(std::uint64_t counter, const std::function<bool(StubRecord&)>& take) {
  if (!size_) return;
  for (const std::size_t number : blocks_.active()) {
    StubBlock& block = blocks_[number];
    const auto begun = memory_.load<std::uint64_t>(block.offset + BLOCK_CALL_BEGUN);
    if (begun == block.call_shown || begun != block.taken + 1) continue;
    auto record = vdsotrace::open_system_call(memory_, block, *size_);
    if (!record || record->start >= counter) continue;
    if (take(*record)) block.call_shown = begun;
  }
}

std::optional<StubRecord> StubRegion::abandon_system_call(std::uint64_t thread_pointer, pid_t tid) {
  StubBlock* block = blocks_.find(thread_pointer, tid);
  auto record = open_system_call(thread_pointer, tid);
  if (!record) return std::nullopt;
  const std::size_t begun = block->offset + BLOCK_CALL_BEGUN;
  const bool shown = block->call_shown == memory_.load<std::uint64_t>(begun);
  memory_.store<std::uint64_t>(begun, 0);
  block->call_shown = 0;
  return shown ? record : std::nullopt;
}

void StubRegion::set_aside(std::uint64_t thread_pointer) {
  if (const StubBlock* block = blocks_.find(thread_pointer)) set_open_call_aside(memory_, *block);
}

}  // namespace vdsotrace
