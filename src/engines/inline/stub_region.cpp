#include "engines/inline/stub_region.hpp"

#include "engines/inline/stub_open_calls.hpp"

namespace vdsotrace {

static_assert(KEEPER_DIED == DeathMark::kDead);
static_assert(BLOCK_OPEN + (OPEN_COUNT << OPEN_LOG2) <= BLOCK_ROWS);
static_assert(BLOCK_ROWS + (FUNCTIONS_MAX << ROW_LOG2) <= BLOCK_BYTES);
static_assert(OPEN_CALL_VALUE + RECORD_VALUE_BYTES <= (1 << OPEN_LOG2));

StubRegion::StubRegion(SharedMemory memory, std::uint64_t address, std::size_t bytes, bool may_sleep,
                       std::optional<RecordSize> size)
    : memory_(std::move(memory), address), size_(size), blocks_(memory_, size, bytes), rings_(memory_, blocks_, size) {
  memory_.store<std::uint32_t>(REGION_MAY_SLEEP, may_sleep ? 1 : 0);
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

void StubRegion::set_aside(std::uint64_t thread_pointer) {
  if (const StubBlock* block = blocks_.find(thread_pointer)) set_open_call_aside(memory_, *block);
}

}  // namespace vdsotrace
