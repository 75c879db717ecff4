#include "engines/inline/region/stub_rings.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstring>

#include "base/clock.hpp"
#include "engines/inline/region/system_call_record.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kAhead = 6;
constexpr std::uint64_t kPageMask = 4095;
constexpr std::uint64_t kCommitMask = ~std::uint64_t{0} >> 16;
/// A record in the shared ring that was begun so long ago and is not complete belongs to a thread that died in the
/// middle of it. The end of a thread with a ring of its own is known, and the thread may be kept from going on for any
/// time.
constexpr std::int64_t kStuckNs = 5'000'000'000;

static_assert(RECORD_SHORT_WINDOW + RECORD_LONG_WINDOW_WORDS * 8 <= (1 << RECORD_LOG2_WINDOW));
static_assert(RECORD_WINDOW + RECORD_LONG_WINDOW_WORDS * 8 <= (1 << RECORD_LOG2_VALUES_WINDOW));

/// False if that is no record. `key`, where it is known, and `size`, the room that there is, are believed more than
/// what the record says.
bool read_record(const std::byte* at, std::uint64_t commit, std::optional<std::uint64_t> key, RecordSize size,
                 StubRecord& record) {
  const auto word = [at](std::size_t offset) { return word_at(at, offset); };
  record.key = key.value_or(word(RECORD_KEY));
  record.function = static_cast<std::uint8_t>(commit);
  record.fallback = (commit & RECORD_FALLBACK_FLAG) != 0;
  record.is_sample = (commit & RECORD_SAMPLE_FLAG) != 0;
  if (record.function >= FUNCTIONS_MAX) {
    if (record.function != RECORD_SYSTEM_CALL || (size != RecordSize::values && size != RecordSize::values_window))
      return false;
    read_system_call(at, record);
    return true;
  }
  record.arg0 = word(RECORD_ARG0);
  record.arg1 = word(RECORD_ARG1);
  record.return_address = word(RECORD_RETURN_ADDRESS);
  record.result = static_cast<std::int64_t>(word(RECORD_RESULT));
  record.start = word(RECORD_START);
  record.stack = word(RECORD_STACK);
  if (size == RecordSize::line || size == RecordSize::window || (commit & RECORD_SHORT_FLAG) != 0) {
    record.end = record.arg1;
    return true;
  }
  record.end = word(RECORD_END);
  record.arg2 = word(RECORD_ARG2);
  std::memcpy(record.value.data(), at + RECORD_VALUE, record.value.size());
  return true;
}

/// Whether to wait for a record that has been begun, and whose thread may still write it.
bool may_be_completed(StubBlock& block, bool is_shared) {
  if (!is_shared) return true;
  if (block.stuck_since == 0) block.stuck_since = monotonic_ns();
  return monotonic_ns() - block.stuck_since < kStuckNs;
}

/// Passes over a record that has been begun and is not complete. Answers how many are lost by that; nothing: it may
/// still be written.
std::optional<std::uint64_t> pass_hole(StubBlock& block, bool is_shared, bool skip_holes, bool is_last,
                                       bool is_overfull) {
  // Its thread waits for room with a later record: it had waited in vain for this one's, and has counted that call.
  if (is_overfull && !is_shared) return 0;
  const bool no_one_writes = skip_holes || block.ended;
  if (!no_one_writes && may_be_completed(block, is_shared)) return std::nullopt;
  // The last record of a thread was being written when the thread ended: that call never returned.
  return !no_one_writes || is_shared || !is_last ? 1 : 0;
}

/// What the stub has copied (KEEP_GOROUTINE), and how the registers were.
StackWindow goroutine_window(const std::byte* window, StubRecord& record) {
  const auto word = [window](std::size_t offset) { return word_at(window, offset); };
  record.frame_pointer = word(GOROUTINE_FRAME_POINTER);
  record.goroutine_stack = word(GOROUTINE_STACK);
  const std::uint64_t top = word(GOROUTINE_STACK_TOP);
  const std::uint64_t words = top > record.goroutine_stack ? (top - record.goroutine_stack) / sizeof(std::uint64_t) : 0;
  return {record.goroutine_stack, window + GOROUTINE_WORDS, std::min<std::uint64_t>(words, GOROUTINE_WORDS_COUNT), top,
          words < GOROUTINE_WORDS_COUNT};
}

}  // namespace

std::vector<pid_t> StubRings::set_waiting_aside() {
  std::vector<pid_t> waiting_threads;
  for (const std::size_t number : blocks_.active()) {
    StubBlock& block = blocks_[number];
    if (block.aside || block.leaving || blocks_.waiting(block) <= block.records) continue;
    block.aside = true;
    waiting_threads.push_back(block.tid);
  }
  return waiting_threads;
}

void StubRings::goes_on(std::uint64_t thread_pointer) {
  if (StubBlock* block = blocks_.find(thread_pointer)) block->aside = false;
}

double StubRings::fill() const {
  const auto part = [this](const StubBlock& block) {
    const std::uint64_t now = std::min(blocks_.waiting(block), block.records);
    return now == 0 ? 0.0 : static_cast<double>(now) / static_cast<double>(block.records);
  };
  if (!size_) return 0;
  double most = part(blocks_.shared());
  for (const std::size_t number : blocks_.active()) most = std::max(most, part(blocks_[number]));
  return most;
}

bool StubRings::leaves_records() const {
  const auto is_aside = [this](std::size_t number) { return blocks_[number].aside; };
  return blocks_.shared().stuck_since != 0 || std::ranges::any_of(blocks_.active(), is_aside);
}

/// Threads that wait for room see by this that we are at work. With many rings to read, and threads that want the
/// processor, one look can take longer than they wait.
void StubRings::show_life() {
  memory_.store<std::uint64_t>(REGION_HEARTBEAT, memory_.load<std::uint64_t>(REGION_HEARTBEAT) + 1);
}

std::uint64_t StubRings::drain(bool final, const Taker& take) {
  show_life();
  const bool skip_holes = final || memory_.load<std::uint32_t>(REGION_ORPHANED) != 0;
  std::uint64_t lost = drain(blocks_.shared(), true, skip_holes, take);
  for (auto next = blocks_.active().begin(); next != blocks_.active().end();) {
    const std::size_t number = *next++;
    if (blocks_[number].aside && !final) continue;
    lost += drain(blocks_[number], false, skip_holes, take);
    blocks_.release_if_empty(number);
  }
  return lost + take_lost();
}

std::uint64_t StubRings::drain_of(std::uint64_t thread_pointer, const Taker& take) {
  show_life();
  std::uint64_t lost = drain(blocks_.shared(), true, false, take);
  if (StubBlock* block = blocks_.find(thread_pointer)) lost += drain(*block, false, false, take);
  return lost;
}

/// Threads that found us asleep too long have gone on alone; from here on we are back.
std::uint64_t StubRings::take_lost() {
  if (memory_.load<std::uint64_t>(REGION_LOST) == 0 && memory_.load<std::uint32_t>(REGION_ORPHANED) == 0) return 0;
  auto& alone = *reinterpret_cast<std::uint64_t*>(memory_.at(REGION_LOST));
  const std::uint64_t lost = std::atomic_ref(alone).exchange(0);
  memory_.store<std::uint32_t>(REGION_ORPHANED, 0);
  return lost;
}

/// There is room in its ring for as many as have been taken.
void StubRings::give_back(const StubBlock& block, std::uint64_t taken) {
  memory_.store<std::uint64_t>(block.offset + BLOCK_TAIL, taken);
  show_life();
}

std::uint64_t StubRings::drain(StubBlock& block, bool is_shared, bool skip_holes, const Taker& take) {
  const std::uint64_t begun = blocks_.waiting(block);
  if (begun == 0) return 0;
  show_life();
  std::uint64_t lost = 0;
  // More than a ring's worth can only have been begun, not written.
  const std::uint64_t first = block.taken, end = first + std::min(begun, block.records);
  const auto place = [ring = memory_.at(block.ring), last = block.records - 1, bytes = record_bytes()](
                         std::uint64_t position) -> const std::byte* { return ring + (position & last) * bytes; };
  const bool is_overfull = begun > block.records;
  std::uint64_t shown = first;
  for (; block.taken != end; ++block.taken) {
    const std::byte* at = place(block.taken);
    // Records lie in the other processor's cache: several are fetched at a time. Those behind the end are being
    // written.
    __builtin_prefetch(place(std::min(block.taken + kAhead, end - 1)));
    const auto commit = memory_.load<std::uint64_t>(static_cast<std::size_t>(at - memory_.at(0)));
    if ((commit >> 16) != ((block.taken + 1) & kCommitMask)) {
      const auto passed = pass_hole(block, is_shared, skip_holes, block.taken + 1 == end && !is_overfull, is_overfull);
      if (!passed) break;
      lost += *passed;
      continue;
    }
    block.stuck_since = 0;
    StubRecord record;
    const std::uint64_t places = read(block, is_shared, at, commit, end - block.taken, record);
    if (places == 0) {
      ++lost;
      continue;
    }
    block.taken += places - 1;
    take(record, *size_ >= RecordSize::window ? window_of(block, at, record, commit) : StackWindow());
    // Threads may be waiting for room: give it back as it comes.
    if (block.taken >= shown + 63) give_back(block, shown = block.taken + 1);
  }
  memory_.store<std::uint64_t>(block.offset + BLOCK_TAIL, block.taken);
  wake_waiting(block, first);
  return lost;
}

/// Reads the record at `at`, and of a system call also what lies in the places behind it. Answers how many places it
/// takes, at most `most`; 0: it is no record.
std::uint64_t StubRings::read(const StubBlock& block, bool is_shared, const std::byte* at, std::uint64_t commit,
                              std::uint64_t most, StubRecord& record) const {
  if (!read_record(at, commit, is_shared ? std::nullopt : std::optional(block.key), *size_, record)) return 0;
  record.tid = block.tid;
  if (record.function != RECORD_SYSTEM_CALL) return 1;
  const auto bytes = system_call_bytes(record, block.room - static_cast<std::size_t>(at - memory_.at(block.ring)));
  const std::uint64_t places = bytes ? (*bytes + record_bytes() - 1) / record_bytes() : 0;
  if (places > most) return 0;
  if (places != 0) read_pointees(at, *bytes, record);
  return places;
}

/// Threads that found no room before `first` was taken, also those who have begun to wait since.
void StubRings::wake_waiting(const StubBlock& block, std::uint64_t first) {
  if (memory_.load<std::uint64_t>(block.offset + BLOCK_HEAD) - first > block.records)
    ::syscall(SYS_futex, memory_.at(block.offset + BLOCK_TAIL), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

/// The stack above the record's return address, as far as the stub has copied it (KEEP_STACK).
StackWindow StubRings::window_of(const StubBlock& block, const std::byte* at, StubRecord& record,
                                 std::uint64_t commit) const {
  const std::size_t window = (commit & RECORD_SHORT_FLAG) != 0 ? RECORD_SHORT_WINDOW : RECORD_WINDOW;
  if ((commit & RECORD_GOROUTINE_FLAG) != 0) return goroutine_window(at + window, record);
  const bool on_its_stack = record.stack >= block.stack.low && record.stack < block.stack.top;
  const std::uint64_t end = on_its_stack ? block.stack.top : (record.stack | kPageMask) + 1;
  const std::uint64_t words = (end - record.stack - 1) / sizeof(std::uint64_t);
  const std::uint64_t most = (commit & RECORD_LONG_FLAG) != 0 ? RECORD_LONG_WINDOW_WORDS : RECORD_WINDOW_WORDS;
  return {record.stack + sizeof(std::uint64_t), at + window, std::min(words, most), on_its_stack ? end : 0,
          words < most};
}

}  // namespace vdsotrace
