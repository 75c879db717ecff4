// The memory that stubs write and vdsotrace reads: counters, and one ring of records a thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "arch/stub_layout.h"
#include "os/shared_memory.hpp"

namespace vdsotrace {

/// A copy of one record, checked as far as bounds go; its words are what the process wrote.
struct StubRecord {
  std::uint8_t function = 0;  ///< below FUNCTIONS_MAX
  bool fallback = false;      ///< a system call that the function made, not its return
  std::uint64_t arg0 = 0;
  std::uint64_t arg1 = 0;
  std::uint64_t arg2 = 0;
  std::uint64_t return_address = 0;
  std::int64_t result = 0;
  std::uint64_t start = 0;  ///< time-stamp counter, 0 if not taken
  std::uint64_t end = 0;
  std::uint64_t stack = 0;
  std::uint64_t key = 0;
  std::uint64_t caller = 0;  ///< found in its StackWindow: the return address outside the C library, 0 if unknown
  /// What the arguments pointed to; untouched in a record of one cache line.
  std::array<std::byte, RECORD_VALUE_BYTES> value;
};

/// What lay on the stack above a record's return address, where that is kept.
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
  std::array<std::uint64_t, RECORD_WINDOW_WORDS> words_;
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
  window = RECORD_LOG2_WINDOW,  ///< and words of the stack
};

/// What one counter row and column stand at.
struct StubCount {
  std::uint8_t function = 0;
  std::optional<std::uint32_t> clock;  ///< nothing: ids beyond the table's room, together
  std::uint64_t entries = 0;
  std::uint64_t fallbacks = 0;
  std::uint64_t errors = 0;
};

/// Our side of the layout in arch/stub_layout.h. All bookkeeping is kept here, nothing that the process
/// could have changed is believed: a head that runs away, a commit word out of turn, a function number out
/// of range are skipped and counted as lost.
class StubRegion {
 public:
  /// `address`: where the process has it. `may_sleep`: whether stubs may wait by system calls. `size`: at least what the stubs that
  /// were planned write.
  StubRegion(SharedMemory memory, std::uint64_t address, bool may_sleep, RecordSize size = RecordSize::values);

  std::uint64_t address() const { return address_; }

  /// Gives the thread with that thread pointer a ring of its own, as far as there are any: without one
  /// it uses the shared ring, which costs it more and loses nothing.
  void bind(std::uint64_t thread_pointer, const StackBounds& stack = {});
  /// Others have the same thread pointer: all of them use the shared ring and the shared counters from now on.
  void share(std::uint64_t thread_pointer);
  /// Only one is left of those.
  void end_sharing(std::uint64_t thread_pointer);
  /// The thread is gone.
  void unbind(std::uint64_t thread_pointer);

  /// The record is the taker's to change, and gone after the call.
  using Taker = std::function<void(StubRecord&, const StackWindow&)>;
  /// Hands over all complete records, the shared ring's first, each ring's in order.
  /// `final`: no thread writes any more. Answers how many were lost.
  std::uint64_t drain(bool final, const Taker& take);
  /// How full the fullest ring is, from 0 for nothing to drain to 1. Cheap.
  double fill() const;
  void forbid_sleep();
  /// Whoever waits for room goes on without a record, until the next drain.
  void end_waiting();
  /// Where we have what the process has there, if all of it is in the region; it can be read and written atomically.
  std::byte* shared(std::uint64_t address, std::size_t size) const;

  /// Totals of one function now; rows that are all zero are left out.
  std::vector<StubCount> counts(std::uint8_t function, bool clocked) const;

 private:
  struct Ring {
    unsigned entry = 0;  ///< in the table
    unsigned number = 0;
    std::uint64_t taken = 0;
    std::int64_t stuck_since = 0;
    StackBounds stack{};
  };

  template <class T>
  T load(std::size_t offset) const;
  template <class T>
  void store(std::size_t offset, T value);
  std::uint64_t record_bytes() const { return std::uint64_t{1} << static_cast<unsigned>(size_); }
  std::uint64_t ring_records() const { return RING_BYTES / record_bytes(); }
  void open_ring(Ring& ring, std::uint64_t key);
  static StackWindow window_of(const Ring& ring, const std::byte* at, const StubRecord& record);
  std::uint64_t drain(Ring& ring, std::optional<std::uint64_t> key, bool skip_holes, const Taker& take);
  std::uint64_t counter(unsigned kind, std::uint8_t function, unsigned column) const;
  void split_other_clocks(std::vector<StubCount>& counts) const;

  SharedMemory memory_;
  std::uint64_t address_;
  RecordSize size_;
  Ring shared_;
  std::map<std::uint64_t, Ring> rings_;  ///< by thread pointer
  std::vector<Ring> free_;
  unsigned highest_ring_ = 0;
};

}  // namespace vdsotrace
