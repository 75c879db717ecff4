#include "engines/stub_region.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstring>

#include "base/check.hpp"
#include "os/clock.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kAhead = 6;
constexpr std::uint64_t kPageMask = 4095;
constexpr std::uint64_t kCommitMask = ~std::uint64_t{0} >> 16;
/// A record begun so long ago and not complete belongs to a thread that died in the middle of it.
constexpr std::int64_t kStuckNs = 1'000'000'000;

static_assert(KEEPER_DIED == DeathMark::kDead);

constexpr std::size_t entry_offset(unsigned entry) { return REGION_TABLE + (std::size_t{entry} << ENTRY_LOG2); }
constexpr std::size_t ring_offset(unsigned ring) { return REGION_RINGS + std::size_t{ring} * RING_BYTES; }

unsigned hash(std::uint64_t thread_pointer) {
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
  if (size == RecordSize::line || (commit & RECORD_SHORT_FLAG) != 0) {
    record.end = record.arg1;
    return true;
  }
  record.end = word(RECORD_END);
  record.arg2 = word(RECORD_ARG2);
  std::memcpy(record.value.data(), at + RECORD_VALUE, record.value.size());
  return true;
}

constexpr std::size_t block_offset(unsigned block) { return REGION_COUNTERS + (std::size_t{block} << BLOCK_LOG2); }

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

StubRegion::StubRegion(SharedMemory memory, std::uint64_t address, bool may_sleep, RecordSize size)
    : memory_(std::move(memory)), address_(address), size_(size) {
  CHECK(memory_.bytes().size() >= REGION_BYTES);
  store<std::uint32_t>(REGION_MAY_SLEEP, may_sleep ? 1 : 0);
  memory_.mark_death(REGION_KEEPER);
  for (unsigned number = RING_COUNT - 1; number >= 1; --number) free_.push_back({0, number, 0, 0, {}});
  shared_.entry = TABLE_ENTRIES - 1;
  open_ring(shared_, 0);
}

void StubRegion::open_ring(Ring& ring, std::uint64_t key) {
  const std::size_t entry = entry_offset(ring.entry);
  store<std::uint64_t>(entry + ENTRY_HEAD, ring.taken);
  store<std::uint64_t>(entry + ENTRY_TAIL, ring.taken);
  store<std::uint64_t>(entry + ENTRY_LIMIT, ring.taken + ring_records());
  store<std::uint64_t>(entry + ENTRY_RING, address_ + ring_offset(ring.number));
  store<std::uint64_t>(entry + ENTRY_COUNTERS, address_ + block_offset(ring.number));
  store<std::uint64_t>(entry + ENTRY_STACK_LOW, ring.stack.low);
  store<std::uint64_t>(entry + ENTRY_STACK_TOP, ring.stack.top);
  store<std::uint32_t>(entry + ENTRY_LAST, static_cast<std::uint32_t>(ring_records() - 1));
  store<std::uint32_t>(entry + ENTRY_STRIDE, static_cast<std::uint32_t>(record_bytes()));
  store<std::uint64_t>(entry + ENTRY_KEY, key);
}

void StubRegion::bind(std::uint64_t thread_pointer, const StackBounds& stack) {
  if (free_.empty() || rings_.contains(thread_pointer)) return;
  const unsigned first = hash(thread_pointer);
  for (unsigned entry = first; entry < first + TABLE_PROBES && entry < TABLE_ENTRIES - 1; ++entry) {
    if (std::ranges::any_of(rings_, [&](const auto& ring) { return ring.second.entry == entry; })) continue;
    Ring ring = free_.back();
    free_.pop_back();
    highest_ring_ = std::max(highest_ring_, ring.number);
    ring.entry = entry;
    ring.stack = stack;
    open_ring(rings_[thread_pointer] = ring, thread_pointer + 1);
    return;
  }
}

void StubRegion::share(std::uint64_t thread_pointer) {
  const auto found = rings_.find(thread_pointer);
  if (found != rings_.end()) store<std::uint64_t>(entry_offset(found->second.entry) + ENTRY_KEY, 0);
}

void StubRegion::end_sharing(std::uint64_t thread_pointer) {
  const auto found = rings_.find(thread_pointer);
  if (found != rings_.end()) store(entry_offset(found->second.entry) + ENTRY_KEY, thread_pointer + 1);
}

void StubRegion::unbind(std::uint64_t thread_pointer) {
  const auto found = rings_.find(thread_pointer);
  if (found == rings_.end()) return;
  Ring ring = found->second;
  rings_.erase(found);
  store<std::uint64_t>(entry_offset(ring.entry) + ENTRY_KEY, 0);
  // Positions go on where they were: what lies in the ring must not look new to its next thread.
  const auto head = load<std::uint64_t>(entry_offset(ring.entry) + ENTRY_HEAD);
  if (head - ring.taken > ring_records()) return;
  ring.taken = head;
  free_.push_back(ring);
}

double StubRegion::fill() const {
  const auto waiting = [&](const Ring& ring) { return load<std::uint64_t>(entry_offset(ring.entry) + ENTRY_HEAD) - ring.taken; };
  std::uint64_t most = waiting(shared_);
  for (const auto& [pointer, ring] : rings_) most = std::max(most, waiting(ring));
  return static_cast<double>(std::min(most, ring_records())) / static_cast<double>(ring_records());
}

void StubRegion::forbid_sleep() { store<std::uint32_t>(REGION_MAY_SLEEP, 0); }

void StubRegion::end_waiting() { store<std::uint32_t>(REGION_ORPHANED, 1); }

std::byte* StubRegion::shared(std::uint64_t address, std::size_t size) const {
  const std::uint64_t offset = address - address_;
  const bool inside = offset < memory_.bytes().size() && memory_.bytes().size() - offset >= size;
  return inside && size != 0 && offset % size == 0 ? memory_.bytes().data() + offset : nullptr;
}

std::uint64_t StubRegion::drain(bool final, const Taker& take) {
  store<std::uint64_t>(REGION_HEARTBEAT, load<std::uint64_t>(REGION_HEARTBEAT) + 1);
  const bool orphaned = load<std::uint32_t>(REGION_ORPHANED) != 0;
  std::uint64_t lost = drain(shared_, {}, final || orphaned, take);
  for (auto& [pointer, ring] : rings_) lost += drain(ring, pointer + 1, final || orphaned, take);
  if (!orphaned) return lost;
  // Threads that found us asleep too long have gone on alone; from here on we are back.
  auto& alone = *reinterpret_cast<std::uint64_t*>(memory_.bytes().data() + REGION_LOST);
  lost += std::atomic_ref(alone).exchange(0);
  store<std::uint32_t>(REGION_ORPHANED, 0);
  return lost;
}

std::uint64_t StubRegion::drain(Ring& ring, std::optional<std::uint64_t> key, bool skip_holes, const Taker& take) {
  const std::size_t entry = entry_offset(ring.entry);
  const auto head = load<std::uint64_t>(entry + ENTRY_HEAD);
  if (head == ring.taken) return 0;
  const std::byte* const records = memory_.bytes().data() + ring_offset(ring.number);
  std::uint64_t lost = 0;
  // More than a ring's worth can only have been begun, not written.
  const bool waited_for = head - ring.taken > ring_records();
  const std::uint64_t end = ring.taken + std::min(head - ring.taken, ring_records());
  const auto place = [&, last = ring_records() - 1](std::uint64_t position) { return records + (position & last) * record_bytes(); };
  for (; ring.taken != end; ++ring.taken) {
    const std::byte* at = place(ring.taken);
    // They lie in the other processor's cache: several are on their way at a time. Those behind the end are being written.
    __builtin_prefetch(place(std::min(ring.taken + kAhead, end - 1)));
    const auto commit = load<std::uint64_t>(static_cast<std::size_t>(at - memory_.bytes().data()));
    if ((commit >> 16) != ((ring.taken + 1) & kCommitMask)) {
      if (!skip_holes && ring.stuck_since == 0) ring.stuck_since = monotonic_ns();
      if (!skip_holes && monotonic_ns() - ring.stuck_since < kStuckNs) break;
      ++lost;
      continue;
    }
    ring.stuck_since = 0;
    StubRecord record;
    if (!read_record(at, commit, key, size_, record)) {
      ++lost;
      continue;
    }
    take(record, size_ == RecordSize::window && !record.fallback ? window_of(ring, at, record) : StackWindow());
    // Threads may be waiting for room: give it back as it comes.
    if (ring.taken % 64 == 63) store<std::uint64_t>(entry + ENTRY_TAIL, ring.taken + 1);
  }
  store<std::uint64_t>(entry + ENTRY_TAIL, ring.taken);
  if (waited_for) ::syscall(SYS_futex, memory_.bytes().data() + entry + ENTRY_TAIL, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  return lost;
}

/// As far as the stub has copied it (KEEP_STACK).
StackWindow StubRegion::window_of(const Ring& ring, const std::byte* at, const StubRecord& record) {
  const bool on_its_stack = record.stack >= ring.stack.low && record.stack < ring.stack.top;
  const std::uint64_t end = on_its_stack ? ring.stack.top : (record.stack | kPageMask) + 1;
  const std::uint64_t words = (end - record.stack - 1) / sizeof(std::uint64_t);
  return {record.stack + sizeof(std::uint64_t), at + RECORD_WINDOW, words};
}

std::uint64_t StubRegion::counter(unsigned kind, std::uint8_t function, unsigned column) const {
  std::uint64_t sum = 0;
  const std::size_t row = (std::size_t{kind} << KIND_LOG2) + (std::size_t{function} << ROW_LOG2);
  // Blocks never used are left alone: to look at them would make them take memory.
  for (unsigned block = 0; block <= highest_ring_; ++block)
    sum += load<std::uint64_t>(block_offset(block) + row + column * sizeof(std::uint64_t));
  return sum;
}

std::vector<StubCount> StubRegion::counts(std::uint8_t function, bool clocked) const {
  std::vector<StubCount> result;
  for (unsigned column = 0; column <= (clocked ? CLOCK_OTHER : 0u); ++column) {
    StubCount count;
    count.function = function;
    if (clocked && column < CLOCK_OTHER) count.clock = column;
    count.entries = counter(0, function, column);
    count.fallbacks = counter(1, function, column);
    count.errors = counter(2, function, column);
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
