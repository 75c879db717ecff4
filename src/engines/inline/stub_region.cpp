#include "engines/inline/stub_region.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstring>

#include "base/check.hpp"
#include "base/clock.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kAhead = 6;
constexpr std::uint64_t kPageMask = 4095;
constexpr std::uint64_t kCommitMask = ~std::uint64_t{0} >> 16;
/// In the shared ring, a record begun so long ago and not complete belongs to a thread that died in the middle of it. Of a thread
/// with a ring of its own the end is known, and it may be kept from going on for any time.
constexpr std::int64_t kStuckNs = 5'000'000'000;

static_assert(KEEPER_DIED == DeathMark::kDead);
static_assert(BLOCK_OPEN + (OPEN_COUNT << OPEN_LOG2) <= BLOCK_ROWS);
static_assert(BLOCK_ROWS + (FUNCTIONS_MAX << ROW_LOG2) <= BLOCK_BYTES);
static_assert(OPEN_CALL_VALUE + RECORD_VALUE_BYTES <= (1 << OPEN_LOG2));
static_assert(RECORD_SHORT_WINDOW + RECORD_LONG_WINDOW_WORDS * 8 <= (1 << RECORD_LOG2_WINDOW));
static_assert(RECORD_WINDOW + RECORD_LONG_WINDOW_WORDS * 8 <= (1 << RECORD_LOG2_VALUES_WINDOW));

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

std::size_t hash(std::uint64_t thread_pointer) {
  return static_cast<std::uint32_t>(thread_pointer * HASH_FACTOR) >> HASH_SHIFT;
}

/// False if it is a record of nothing. `key`, where it is known, is believed more than what the record says, and so is the
/// room that there is for it.
bool read_record(const std::byte* at, std::uint64_t commit, std::optional<std::uint64_t> key, RecordSize size,
                 StubRecord& record) {
  const auto word = [at](std::size_t offset) {
    std::uint64_t value;
    std::memcpy(&value, at + offset, sizeof value);
    return value;
  };
  record.function = static_cast<std::uint8_t>(commit);
  record.fallback = (commit & RECORD_FALLBACK_FLAG) != 0;
  if (record.function >= FUNCTIONS_MAX) return false;
  record.arg0 = word(RECORD_ARG0);
  record.arg1 = word(RECORD_ARG1);
  record.return_address = word(RECORD_RETURN_ADDRESS);
  record.result = static_cast<std::int64_t>(word(RECORD_RESULT));
  record.start = word(RECORD_START);
  record.stack = word(RECORD_STACK);
  record.key = key.value_or(word(RECORD_KEY));
  if (size == RecordSize::line || size == RecordSize::window || (commit & RECORD_SHORT_FLAG) != 0) {
    record.end = record.arg1;
    return true;
  }
  record.end = word(RECORD_END);
  record.arg2 = word(RECORD_ARG2);
  std::memcpy(record.value.data(), at + RECORD_VALUE, record.value.size());
  return true;
}

/// What the stub has copied (KEEP_GOROUTINE), and how the registers were.
StackWindow goroutine_window(const std::byte* window, StubRecord& record) {
  const auto word = [window](std::size_t offset) {
    std::uint64_t value;
    std::memcpy(&value, window + offset, sizeof value);
    return value;
  };
  record.frame_pointer = word(GOROUTINE_FRAME_POINTER);
  record.goroutine_stack = word(GOROUTINE_STACK);
  const std::uint64_t top = word(GOROUTINE_STACK_TOP);
  const std::uint64_t words = top > record.goroutine_stack ? (top - record.goroutine_stack) / sizeof(std::uint64_t) : 0;
  return {record.goroutine_stack, window + GOROUTINE_WORDS, std::min<std::uint64_t>(words, GOROUTINE_WORDS_COUNT)};
}

}  // namespace

template <class T>
T StubRegion::load(std::size_t offset) const {
  return std::atomic_ref<T>(*reinterpret_cast<T*>(memory_.bytes().data() + offset)).load(std::memory_order_acquire);
}

template <class T>
void StubRegion::store(std::size_t offset, T value) {
  std::atomic_ref<T>(*reinterpret_cast<T*>(memory_.bytes().data() + offset)).store(value, std::memory_order_release);
}

StackWindow::StackWindow(std::uint64_t from, const std::byte* words, std::size_t count)
    : from_(from), count_(std::min(count, words_.size())) {
  std::memcpy(words_.data(), words, count_ * sizeof words_[0]);
}

std::optional<std::uint64_t> StackWindow::word(std::uint64_t address) const {
  const std::uint64_t above = address - from_;
  if (above % sizeof words_[0] != 0 || above / sizeof words_[0] >= count_) return std::nullopt;
  return words_[above / sizeof words_[0]];
}

// ---- memory, and who has which part of it ----

void StubRegion::set_go_code(std::uint64_t address, std::uint64_t bytes) {
  store<std::uint64_t>(REGION_GO_CODE, address);
  store<std::uint64_t>(REGION_GO_CODE_BYTES, bytes);
}

std::size_t StubRegion::first_bytes(std::optional<RecordSize> size) {
  if (!size) return REGION_GROWS + kFirstBlocksToCount * BLOCK_BYTES;
  std::size_t bytes = REGION_GROWS + kSharedRing;
  for (std::size_t number = 0; number < kFirstBlocks; ++number) bytes += BLOCK_BYTES + ring_bytes(number);
  return bytes;
}

StubRegion::StubRegion(SharedMemory memory, std::uint64_t address, std::size_t bytes, bool may_sleep,
                       std::optional<RecordSize> size)
    : memory_(std::move(memory)), address_(address), bytes_(0), size_(size) {
  CHECK(bytes >= first_bytes(size) && memory_.bytes().size() >= bytes);
  store<std::uint32_t>(REGION_MAY_SLEEP, may_sleep ? 1 : 0);
  memory_.mark_death(REGION_KEEPER);
  shared_.offset = REGION_SHARED;
  shared_.ring = REGION_GROWS;
  shared_.records = size_ ? kSharedRing / record_bytes() : 0;
  laid_out_ = REGION_GROWS + (size_ ? kSharedRing : 0);
  open(shared_);
  grow(bytes);
}

std::size_t StubRegion::block_bytes(std::size_t number) const { return BLOCK_BYTES + (size_ ? ring_bytes(number) : 0); }

std::size_t StubRegion::bytes_wanted() const {
  const std::size_t more = std::min(blocks_.size(), kMostNewBlocks);
  std::size_t end = laid_out_;
  for (std::size_t number = blocks_.size(); number < blocks_.size() + more; ++number) {
    if (end + block_bytes(number) > memory_.bytes().size()) break;
    end += block_bytes(number);
  }
  return end;
}

void StubRegion::grow(std::size_t bytes) {
  bytes_ = std::min(bytes, memory_.bytes().size());
  while (blocks_.size() < (std::size_t{1} << INDEX_LOG2) && laid_out_ + block_bytes(blocks_.size()) <= bytes_) {
    const std::size_t number = blocks_.size();
    Block block;
    block.offset = laid_out_;
    block.ring = laid_out_ + BLOCK_BYTES;
    block.records = size_ ? ring_bytes(number) / record_bytes() : 0;
    laid_out_ += block_bytes(number);
    blocks_.push_back(block);
    free_.insert(number);
  }
}

/// Positions go on where they were: what lies in the ring must not look new to its next thread.
void StubRegion::open(const Block& block) {
  store<std::uint64_t>(block.offset + BLOCK_HEAD, block.taken);
  store<std::uint64_t>(block.offset + BLOCK_TAIL, block.taken);
  store<std::uint64_t>(block.offset + BLOCK_LIMIT, block.taken + block.records);
  store<std::uint64_t>(block.offset + BLOCK_RING, address_ + block.ring);
  store<std::uint64_t>(block.offset + BLOCK_STACK_LOW, block.stack.low);
  store<std::uint64_t>(block.offset + BLOCK_STACK_TOP, block.stack.top);
  store<std::uint32_t>(block.offset + BLOCK_LAST, static_cast<std::uint32_t>(block.records - 1));
  store<std::uint32_t>(block.offset + BLOCK_STRIDE, static_cast<std::uint32_t>(record_bytes()));
  if (block.offset == REGION_SHARED) return;
  for (std::size_t i = 0; i < OPEN_COUNT; ++i)
    store<std::uint64_t>(block.offset + BLOCK_OPEN + (i << OPEN_LOG2) + OPEN_STACK, 0);
}

std::optional<std::size_t> StubRegion::free_slot(std::uint64_t thread_pointer) const {
  const std::size_t first = REGION_INDEX + (hash(thread_pointer) << SLOT_LOG2);
  for (std::size_t i = 0; i < INDEX_PROBES; ++i) {
    const std::size_t slot = first + (i << SLOT_LOG2);
    if (load<std::uint64_t>(slot + SLOT_KEY) == 0) return slot;
  }
  return std::nullopt;
}

void StubRegion::bind(std::uint64_t thread_pointer, pid_t tid, const StackBounds& stack) {
  const auto slot = free_slot(thread_pointer);
  if (!slot || free_.empty() || numbers_.contains(thread_pointer)) return;
  const std::size_t number = *free_.begin();
  free_.erase(free_.begin());
  active_.insert(number);
  numbers_[thread_pointer] = number;
  highest_ = std::max(highest_, number + 1);
  Block& block = blocks_[number];
  block.key = thread_pointer + 1;
  block.tid = tid;
  block.slot = *slot;
  block.stack = stack;
  open(block);
  store<std::uint64_t>(*slot + SLOT_BLOCK, address_ + block.offset);
  store<std::uint64_t>(*slot + SLOT_KEY, block.key);
}

void StubRegion::end(std::uint64_t thread_pointer) {
  if (Block* block = find(thread_pointer)) block->ended = true;
  unbind(thread_pointer);
}

void StubRegion::unbind(std::uint64_t thread_pointer) {
  const auto found = numbers_.find(thread_pointer);
  if (found == numbers_.end()) return;
  const std::size_t number = found->second;
  numbers_.erase(found);
  store<std::uint64_t>(blocks_[number].slot + SLOT_KEY, 0);
  blocks_[number].leaving = true;
  blocks_[number].aside = false;
  release_if_empty(number);
}

void StubRegion::release_if_empty(std::size_t number) {
  Block& block = blocks_[number];
  if (!block.leaving || waiting(block) != 0) return;
  block.leaving = block.ended = block.aside = false;
  active_.erase(number);
  free_.insert(number);
}

StubRegion::Block* StubRegion::find(std::uint64_t thread_pointer) {
  const auto found = numbers_.find(thread_pointer);
  return found == numbers_.end() ? nullptr : &blocks_[found->second];
}

const StubRegion::Block* StubRegion::find(std::uint64_t thread_pointer) const {
  const auto found = numbers_.find(thread_pointer);
  return found == numbers_.end() ? nullptr : &blocks_[found->second];
}

void StubRegion::end_waiting() { store<std::uint32_t>(REGION_ORPHANED, 1); }

std::byte* StubRegion::shared(std::uint64_t address, std::size_t size) const {
  const std::uint64_t offset = address - address_;
  const bool inside = offset < bytes_ && bytes_ - offset >= size;
  return inside && size != 0 && offset % size == 0 ? memory_.bytes().data() + offset : nullptr;
}

// ---- records ----

std::uint64_t StubRegion::waiting(const Block& block) const {
  return block.records == 0 ? 0 : load<std::uint64_t>(block.offset + BLOCK_HEAD) - block.taken;
}

std::vector<pid_t> StubRegion::set_waiting_aside() {
  std::vector<pid_t> waiting_threads;
  for (const std::size_t number : active_) {
    Block& block = blocks_[number];
    if (block.aside || block.leaving || waiting(block) <= block.records) continue;
    block.aside = true;
    waiting_threads.push_back(block.tid);
  }
  return waiting_threads;
}

void StubRegion::goes_on(std::uint64_t thread_pointer) {
  if (Block* block = find(thread_pointer)) block->aside = false;
}

double StubRegion::fill() const {
  const auto part = [this](const Block& block) {
    const std::uint64_t now = std::min(waiting(block), block.records);
    return now == 0 ? 0.0 : static_cast<double>(now) / static_cast<double>(block.records);
  };
  if (!size_) return 0;
  double most = part(shared_);
  for (const std::size_t number : active_) most = std::max(most, part(blocks_[number]));
  return most;
}

/// Whoever waits for room goes by this. With many rings to take, and threads that want the processor, one look can take longer
/// than they wait.
void StubRegion::show_life() { store<std::uint64_t>(REGION_HEARTBEAT, load<std::uint64_t>(REGION_HEARTBEAT) + 1); }

std::uint64_t StubRegion::drain(bool final, const Taker& take) {
  show_life();
  const bool skip_holes = final || load<std::uint32_t>(REGION_ORPHANED) != 0;
  std::uint64_t lost = drain(shared_, true, skip_holes, take);
  for (auto next = active_.begin(); next != active_.end();) {
    const std::size_t number = *next++;
    if (blocks_[number].aside && !final) continue;
    lost += drain(blocks_[number], false, skip_holes, take);
    release_if_empty(number);
  }
  return lost + take_lost();
}

std::uint64_t StubRegion::drain_of(std::uint64_t thread_pointer, const Taker& take) {
  store<std::uint64_t>(REGION_HEARTBEAT, load<std::uint64_t>(REGION_HEARTBEAT) + 1);
  std::uint64_t lost = drain(shared_, true, false, take);
  if (Block* block = find(thread_pointer)) lost += drain(*block, false, false, take);
  return lost;
}

/// Threads that found us asleep too long have gone on alone; from here on we are back.
std::uint64_t StubRegion::take_lost() {
  if (load<std::uint64_t>(REGION_LOST) == 0 && load<std::uint32_t>(REGION_ORPHANED) == 0) return 0;
  auto& alone = *reinterpret_cast<std::uint64_t*>(memory_.bytes().data() + REGION_LOST);
  const std::uint64_t lost = std::atomic_ref(alone).exchange(0);
  store<std::uint32_t>(REGION_ORPHANED, 0);
  return lost;
}

std::uint64_t StubRegion::drain(Block& block, bool is_shared, bool skip_holes, const Taker& take) {
  const std::uint64_t begun = waiting(block);
  if (begun == 0) return 0;
  show_life();
  const std::byte* const records = memory_.bytes().data() + block.ring;
  const auto key = is_shared ? std::nullopt : std::optional(block.key);
  std::uint64_t lost = 0;
  // More than a ring's worth can only have been begun, not written.
  const std::uint64_t first = block.taken, end = first + std::min(begun, block.records);
  const auto place = [&, last = block.records - 1](std::uint64_t position) {
    return records + (position & last) * record_bytes();
  };
  for (; block.taken != end; ++block.taken) {
    const std::byte* at = place(block.taken);
    // They lie in the other processor's cache: several are on their way at a time. Those behind the end are being written.
    __builtin_prefetch(place(std::min(block.taken + kAhead, end - 1)));
    const auto commit = load<std::uint64_t>(static_cast<std::size_t>(at - memory_.bytes().data()));
    if ((commit >> 16) != ((block.taken + 1) & kCommitMask)) {
      const bool skipped = skip_holes || block.ended;
      if (!skipped && !is_shared) break;
      if (!skipped && block.stuck_since == 0) block.stuck_since = monotonic_ns();
      if (!skipped && monotonic_ns() - block.stuck_since < kStuckNs) break;
      // A thread's last was being written when it ended.
      const bool never_returned = skipped && !is_shared && block.taken + 1 == end && begun <= block.records;
      lost += never_returned ? 0 : 1;
      continue;
    }
    block.stuck_since = 0;
    StubRecord record;
    if (!read_record(at, commit, key, *size_, record)) {
      ++lost;
      continue;
    }
    record.tid = block.tid;
    take(record, *size_ >= RecordSize::window ? window_of(block, at, record, commit) : StackWindow());
    // Threads may be waiting for room: give it back as it comes.
    if (block.taken % 64 != 63) continue;
    store<std::uint64_t>(block.offset + BLOCK_TAIL, block.taken + 1);
    show_life();
  }
  store<std::uint64_t>(block.offset + BLOCK_TAIL, block.taken);
  // Also those who have begun to wait since.
  if (load<std::uint64_t>(block.offset + BLOCK_HEAD) - first > block.records)
    ::syscall(SYS_futex, memory_.bytes().data() + block.offset + BLOCK_TAIL, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  return lost;
}

/// As far as the stub has copied it (KEEP_STACK).
StackWindow StubRegion::window_of(const Block& block, const std::byte* at, StubRecord& record,
                                  std::uint64_t commit) const {
  const std::size_t window = (commit & RECORD_SHORT_FLAG) != 0 ? RECORD_SHORT_WINDOW : RECORD_WINDOW;
  if ((commit & RECORD_GOROUTINE_FLAG) != 0) return goroutine_window(at + window, record);
  const bool on_its_stack = record.stack >= block.stack.low && record.stack < block.stack.top;
  const std::uint64_t end = on_its_stack ? block.stack.top : (record.stack | kPageMask) + 1;
  const std::uint64_t words = (end - record.stack - 1) / sizeof(std::uint64_t);
  const std::uint64_t most = (commit & RECORD_LONG_FLAG) != 0 ? RECORD_LONG_WINDOW_WORDS : RECORD_WINDOW_WORDS;
  return {record.stack + sizeof(std::uint64_t), at + window, std::min(words, most)};
}

// ---- calls that have not returned ----

StubRecord StubRegion::read_open(std::size_t offset) const {
  StubRecord record;
  const auto commit = load<std::uint64_t>(offset + OPEN_COMMIT);
  record.function = static_cast<std::uint8_t>(commit);
  record.fallback = (commit & RECORD_FALLBACK_FLAG) != 0;
  record.arg0 = load<std::uint64_t>(offset + OPEN_ARG0);
  record.arg1 = load<std::uint64_t>(offset + OPEN_ARG1);
  record.arg2 = load<std::uint64_t>(offset + OPEN_ARG2);
  record.start = load<std::uint64_t>(offset + OPEN_START);
  record.stack = load<std::uint64_t>(offset + OPEN_STACK);
  return record;
}

std::optional<StubRecord> StubRegion::open_call(std::uint64_t thread_pointer, std::uint64_t stack) const {
  if (!size_) return std::nullopt;
  const Block* block = find(thread_pointer);
  const std::size_t first = block != nullptr ? block->offset + BLOCK_OPEN : std::size_t{REGION_SHARED} + SHARED_OPEN;
  const std::size_t count = block != nullptr ? OPEN_COUNT : SHARED_OPEN_COUNT;
  std::optional<StubRecord> nearest;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t offset = first + (i << OPEN_LOG2);
    const auto at = load<std::uint64_t>(offset + OPEN_STACK);
    if (at == 0 || at - stack >= (nearest ? nearest->stack - stack : DEEPEST + 1)) continue;
    StubRecord record = read_open(offset);
    record.key = thread_pointer + 1;
    if (record.function < FUNCTIONS_MAX && record.stack == at) nearest = record;
  }
  return nearest;
}

void StubRegion::set_aside(std::uint64_t thread_pointer) {
  const Block* block = find(thread_pointer);
  if (block == nullptr) return;
  const std::size_t first = block->offset + BLOCK_OPEN;
  const auto stack = load<std::uint64_t>(first + OPEN_STACK);
  if (stack == 0) return;
  // Behind it the others follow, the innermost first, as stubs look for them. They move up to one that was jumped out of, as it
  // has the same stack pointer, else to a free place; if there is none, the outermost is given up.
  constexpr std::size_t kOpen = std::size_t{1} << OPEN_LOG2;
  const std::size_t last = first + (OPEN_COUNT - 1) * kOpen;
  std::size_t place = last;
  for (const std::uint64_t wanted : {std::uint64_t{0}, stack}) {
    for (std::size_t at = last; at != first; at -= kOpen) {
      if (load<std::uint64_t>(at + OPEN_STACK) == wanted) place = at;
    }
  }
  std::byte* const open = memory_.bytes().data() + first;
  std::memmove(open + kOpen, open, place - first);
  store<std::uint64_t>(first + OPEN_STACK, 0);
}

// ---- counters ----

std::uint64_t StubRegion::entries(std::uint8_t function, unsigned column) const {
  const std::size_t place = BLOCK_ROWS + (std::size_t{function} << ROW_LOG2) + column * sizeof(std::uint64_t);
  std::uint64_t sum = load<std::uint64_t>(REGION_SHARED + place);
  // Blocks never used are left alone: to look at them would make them take memory.
  for (std::size_t number = 0; number < highest_; ++number) sum += load<std::uint64_t>(blocks_[number].offset + place);
  return sum;
}

std::vector<StubCount> StubRegion::counts(std::uint8_t function, bool clocked) const {
  std::vector<StubCount> result;
  for (unsigned column = 0; column <= (clocked ? CLOCK_OTHER : 0u); ++column) {
    const std::size_t fallbacks = REGION_FALLBACKS + (std::size_t{function} << ROW_LOG2) +
                                  column * sizeof(std::uint64_t);
    StubCount count;
    count.function = function;
    if (clocked && column < CLOCK_OTHER) count.clock = column;
    count.entries = entries(function, column);
    count.fallbacks = load<std::uint64_t>(fallbacks);
    count.errors = load<std::uint64_t>(fallbacks + (std::size_t{1} << FALLBACK_KIND_LOG2));
    if (count.entries != 0 || count.fallbacks != 0) result.push_back(count);
  }
  if (clocked && !result.empty() && !result.back().clock) split_other_clocks(result);
  return result;
}

/// Ids that have no column are those that no vDSO serves: all their calls are fallbacks.
void StubRegion::split_other_clocks(std::vector<StubCount>& counts) const {
  StubCount rest = counts.back();
  counts.pop_back();
  for (unsigned i = 0; i < OTHERS_COUNT; ++i) {
    const std::size_t cell = REGION_OTHERS + (std::size_t{i} << OTHER_LOG2);
    const auto key = load<std::uint64_t>(cell);
    if (key >> 32 != std::uint64_t{rest.function} + 1) continue;
    StubCount count{rest.function, static_cast<std::uint32_t>(key), 0, 0, 0};
    count.entries = count.fallbacks = std::min(load<std::uint64_t>(cell + OTHER_CALLS), rest.fallbacks);
    count.errors = std::min(load<std::uint64_t>(cell + OTHER_ERRORS), rest.errors);
    rest.entries -= std::min(rest.entries, count.entries);
    rest.fallbacks -= count.fallbacks;
    rest.errors -= count.errors;
    counts.push_back(count);
  }
  if (rest.entries != 0 || rest.fallbacks != 0) counts.push_back(rest);
}

}  // namespace vdsotrace
