// One record of a call, as it lay in a ring.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "arch/stub_layout.h"

namespace vdsotrace {

/// The u64 that lies so many bytes behind `at`.
inline std::uint64_t word_at(const std::byte* at, std::size_t offset) {
  std::uint64_t word;
  std::memcpy(&word, at + offset, sizeof word);
  return word;
}

/// A copy of one record, checked as far as bounds go; its words are what the process wrote.
struct StubRecord {
  std::uint8_t function = 0;  ///< below FUNCTIONS_MAX, or RECORD_SYSTEM_CALL
  bool fallback = false;      ///< it made its system call
  bool is_sample = false;  ///< the call has been counted; its duration is to stand for those of its kind (CallerPaths)
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
  /// Of a call that Go's code made on another stack than its goroutine's: its frame pointer, and where the goroutine's
  /// stack pointer was. Else 0.
  std::uint64_t frame_pointer = 0;
  std::uint64_t goroutine_stack = 0;
  // Found in its StackWindow, 0 if unknown: return addresses outside the C library, and beyond language runtimes.
  std::uint64_t caller = 0;
  std::uint64_t beyond = 0;
  /// What the arguments pointed to; untouched in a record of one cache line.
  std::array<std::byte, RECORD_VALUE_BYTES> value;
  std::vector<std::byte> pointees{};  ///< the same of a system call, as it lies behind its record
};

/// What lay on the stack above a record's return address, or on the goroutine's stack, where that is kept.
class StackWindow {
 public:
  /// No words: nothing is kept, and no time is spent on clearing them.
  StackWindow() {}
  /// `from`: the address of the first word. `stack_end`: where that stack ends, 0 if it is not known. `cut_off`: it
  /// ends before there were as many words as could be kept.
  StackWindow(std::uint64_t from, const std::byte* words, std::size_t count, std::uint64_t stack_end = 0,
              bool cut_off = false)
      : from_(from), stack_end_(stack_end), cut_off_(cut_off), count_(std::min(count, words_.size())) {
    std::memcpy(words_.data(), words, count_ * sizeof words_[0]);
  }

  /// The word at that address, if it is one of those.
  std::optional<std::uint64_t> word(std::uint64_t address) const {
    const std::uint64_t above = address - from_;
    if (above % sizeof words_[0] != 0 || above / sizeof words_[0] >= count_) return std::nullopt;
    return words_[above / sizeof words_[0]];
  }

  std::uint64_t from() const { return from_; }
  std::uint64_t stack_end() const { return stack_end_; }
  bool is_cut_off() const { return cut_off_; }

 private:
  std::uint64_t from_ = 0;
  std::uint64_t stack_end_ = 0;
  bool cut_off_ = false;
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

}  // namespace vdsotrace
