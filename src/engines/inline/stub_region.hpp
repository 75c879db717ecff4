// The memory that stubs write and vdsotrace reads: counters, and one ring of records a thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "arch/stub_layout.h"
#include "os/shared_memory.hpp"

namespace vdsotrace {

/// A copy of one record, checked as far as bounds go; its words are what the process wrote.
struct StubRecord {
  std::uint8_t function = 0;  ///< below FUNCTIONS_MAX
  bool fallback = false;      ///< it made its system call
  std::uint64_t arg0 = 0;
  std::uint64_t arg1 = 0;
  std::uint64_t arg2 = 0;
  std::uint64_t return_address = 0;
  std::int64_t result = 0;
  std::uint64_t start = 0;  ///< time-stamp counter, 0 if not taken
  std::uint64_t end = 0;
  std::uint64_t stack = 0;
  std::uint64_t key = 0;
  pid_t tid = 0;  ///< whose ring it comes from; 0: the shared one
  /// Of a call that Go's code made on another stack than its goroutine's: its frame pointer, and where the goroutine's stack pointer was. Else 0.
  std::uint64_t frame_pointer = 0;
  std::uint64_t goroutine_stack = 0;
  // Found in its StackWindow, 0 if unknown: return addresses outside the C library, and beyond language runtimes.
  std::uint64_t caller = 0;
  std::uint64_t beyond = 0;
  /// What the arguments pointed to; untouched in a record of one cache line.
  std::array<std::byte, RECORD_VALUE_BYTES> value;
};

/// What lay on the stack above a record's return address, or on the goroutine's stack, where that is kept.
class StackWindow {
 public:
  /// No words: nothing is kept, and no time is spent on clearing them.
  StackWindow() {}
  /// `from`: the address of the first word.
  StackWindow(std::uint64_t from, const std::byte* words, std::size_t count);

  /// The word at that address, if it is one of those.
  std::optional<std::uint64_t> word(std::uint64_t address) const;

 private:
  std::uint64_t from_ = 0;
  std::array<std::uint64_t, RECORD_LONG_WINDOW_WORDS> words_;
  std::size_t count_ = 0;
};

/// A thread's stack: from any place in it all is mapped up to `top`.
struct StackBounds {
  std::uint64_t low = 0;
  std::uint64_t top = 0;
};

/// How much a record has room for.
enum class RecordSize : std::uint8_t {
  line = RECORD_LOG2_LINE,      ///< no values: one cache line
  values = RECORD_LOG2_VALUES,  ///< what the arguments point to
  window = RECORD_LOG2_WINDOW,  ///< no values, but words of the stack
  values_window = RECORD_LOG2_VALUES_WINDOW,
};

/// What the stubs have counted of one function and clock.
struct StubCount {
  std::uint8_t function = 0;
  std::optional<std::uint32_t> clock;  ///< nothing where calls are not told apart, or the id is rare
  std::uint64_t entries = 0;
  std::uint64_t fallbacks = 0;
  std::uint64_t errors = 0;  ///< fallbacks that failed
};

/// Our side of the memory. The process may write anything into it at any time: positions are
/// masked, sizes are ours, and what cannot be right is counted as lost.
///
/// A thread has a block of its own, and a ring where calls are recorded, as long as there is memory: the first threads larger
/// rings than the later. The memory grows at its end, first in the process (bytes_wanted), then here (grow).
class StubRegion {
 public:
  /// What a process has to map at first: under 1 MB.
  static std::size_t first_bytes(std::optional<RecordSize> size);
  /// The memory as a whole, of which the process has mapped the first `bytes` at `address`. `may_sleep`: stubs may put its threads to
  /// sleep while a ring is full. `size`: of records, if there are to be any.
  StubRegion(SharedMemory memory, std::uint64_t address, std::size_t bytes, bool may_sleep,
             std::optional<RecordSize> size);

  std::uint64_t address() const { return address_; }
  /// Where the process has code of Go 1.18 or newer.
  void set_go_code(std::uint64_t address, std::uint64_t bytes);
  /// How much of it the process has mapped.
  std::size_t bytes() const { return bytes_; }

  /// Whether the next thread finds no block free.
  bool is_full() const { return free_.empty(); }
  /// How much the process should have mapped for more threads; no more than bytes() if nothing more can be had.
  std::size_t bytes_wanted() const;
  /// The process has mapped so much.
  void grow(std::size_t bytes);

  /// Gives the thread `tid` with that thread pointer a block of its own, as far as there are any: without one
  /// it uses the shared one, which costs it more and loses nothing.
  void bind(std::uint64_t thread_pointer, pid_t tid, const StackBounds& stack = {});
  /// Others have the same pointer: they all use the shared block from now on.
  void unbind(std::uint64_t thread_pointer);
  /// The thread is gone. A record that it has begun and not written is of a call that never returned.
  void end(std::uint64_t thread_pointer);

  /// The record is the taker's to change, and gone after the call.
  using Taker = std::function<void(StubRecord&, const StackWindow&)>;
  /// Hands over all complete records, the shared ring's first, each ring's in order.
  /// `final`: no thread writes any more. Answers how many were lost.
  std::uint64_t drain(bool final, const Taker& take);
  /// The same for the ring of one thread, and the shared one.
  std::uint64_t drain_of(std::uint64_t thread_pointer, const Taker& take);
  /// Threads that wait for room in rings of their own, which drain() passes over from now on: until these are back at goes_on().
  std::vector<pid_t> set_waiting_aside();
  void goes_on(std::uint64_t thread_pointer);
  /// How full the fullest ring is, from 0 for nothing to drain to 1.
  double fill() const;
  /// How many threads have rings of their own.
  std::size_t rings() const { return active_.size(); }
  /// Whoever waits for room goes on without a record, until the next drain.
  void end_waiting();
  /// Where we have what the process has there, if all of it is in the region; it can be read and written atomically.
  std::byte* shared(std::uint64_t address, std::size_t size) const;

  /// The call that the thread with that pointer is in, where its stack pointer is `stack`: as far as it is known at its begin.
  std::optional<StubRecord> open_call(std::uint64_t thread_pointer, std::uint64_t stack) const;
  /// A handler is about to interrupt it: makes room for the calls that the handler makes.
  void set_aside(std::uint64_t thread_pointer);

  /// Totals of one function now; rows that are all zero are left out.
  std::vector<StubCount> counts(std::uint8_t function, bool clocked) const;

 private:
  /// A block, and what we know of it.
  struct Block {
    std::size_t offset = 0;
    std::size_t ring = 0;       ///< offset
    std::uint64_t records = 0;  ///< that fit into the ring
    std::uint64_t key = 0;
    pid_t tid = 0;
    std::size_t slot = 0;  ///< offset of the slot in the index
    bool leaving = false;  ///< no thread has it any more: free once it is empty
    bool ended = false;    ///< that thread writes no more
    bool aside = false;    ///< its thread waits, and is to be stopped before there is room
    std::uint64_t taken = 0;
    std::int64_t stuck_since = 0;
    StackBounds stack{};
  };

  template <class T>
  T load(std::size_t offset) const;
  template <class T>
  void store(std::size_t offset, T value);
  std::uint64_t record_bytes() const { return size_ ? std::uint64_t{1} << static_cast<unsigned>(*size_) : 0; }
  std::size_t block_bytes(std::size_t number) const;
  void lay_out(std::size_t end);
  void open(const Block& block);
  std::optional<std::size_t> free_slot(std::uint64_t thread_pointer) const;
  Block* find(std::uint64_t thread_pointer);
  const Block* find(std::uint64_t thread_pointer) const;
  std::uint64_t waiting(const Block& block) const;
  void release_if_empty(std::size_t number);
  StackWindow window_of(const Block& block, const std::byte* at, StubRecord& record, std::uint64_t commit) const;
  std::uint64_t drain(Block& block, bool is_shared, bool skip_holes, const Taker& take);
  std::uint64_t take_lost();
  void show_life();
  StubRecord read_open(std::size_t offset) const;
  std::uint64_t entries(std::uint8_t function, unsigned column) const;
  void split_other_clocks(std::vector<StubCount>& counts) const;

  SharedMemory memory_;
  std::uint64_t address_;
  std::size_t bytes_;
  std::optional<RecordSize> size_;
  Block shared_;
  std::vector<Block> blocks_;
  std::size_t laid_out_ = 0;  ///< end of the last block
  std::size_t highest_ = 0;   ///< blocks that ever had a thread
  std::set<std::size_t> free_;
  std::set<std::size_t> active_;
  std::unordered_map<std::uint64_t, std::size_t> numbers_;  ///< of blocks, by thread pointer
};

}  // namespace vdsotrace
