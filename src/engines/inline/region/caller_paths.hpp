// Calls that stubs count by their callers, without a record of each.
//
// To whom a call returns outside the C library, and beyond runtimes, is found by a few words of its stack
// (Symbols::caller_addresses). Which words those are depends on nothing but the words before: the return address
// says where the next one lies, and so on. So what was found once is found again wherever the same words lie in the
// same places. These paths are written into the region, and a stub that meets one counts the call where it leads to;
// what meets none is recorded, and its path is written when it has come often enough.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engines/inline/region/stub_blocks.hpp"
#include "engines/inline/region/stub_tally.hpp"

namespace vdsotrace {

/// Which words of a record's stack were looked at, in which order.
class WordsLookedAt {
 public:
  struct Word {
    std::uint64_t offset = 0;  ///< from the first word of the window
    std::uint64_t value = 0;
    bool relative = false;  ///< it points into the same stack: the value is the distance from the window's first word
  };

  explicit WordsLookedAt(const StackWindow& window) : window_(window) {}

  /// As StackWindow::word.
  std::optional<std::uint64_t> word(std::uint64_t address);

  const Word* begin() const { return words_.data(); }
  const Word* end() const { return words_.data() + count_; }
  /// Whether the same words of another stack of the kind would have been looked at, and no others.
  bool are_a_path() const { return known_stack() && !missed_; }

 private:
  bool known_stack() const { return window_.stack_end() != 0; }

  const StackWindow& window_;
  std::array<Word, RECORD_LONG_WINDOW_WORDS> words_;
  std::size_t count_ = 0;
  bool missed_ = false;  ///< a word that was not kept here may be kept elsewhere
};

/// The process may write anything over paths and counters: nothing is read but counters, whose sums may be wrong then,
/// as those of all that it counts.
class CallerPaths {
 public:
  static constexpr std::size_t kMostCounters = (BLOCK_PATHS_END - BLOCK_PATHS) / sizeof(std::uint64_t);
  /// A path is written when so many records had it; the fewer counters are left, the more. Of calls that are timed
  /// more: from then on only some of their durations are known one by one.
  static constexpr std::uint32_t kFirstThreshold = 16;
  static constexpr std::uint32_t kFirstTimedThreshold = 1024;

  CallerPaths(RegionMemory& memory, const StubBlocks& blocks, bool timed)
      : memory_(memory), blocks_(blocks), timed_(timed), used_(PATH_SLOTS) {}

  /// The record's callers were found by those words.
  void note(const StubRecord& record, bool clocked, const WordsLookedAt& words);
  /// Other code is mapped: what was found may not be found again. Calls that stubs are counting are of before.
  void forget();
  /// How often forget() was called.
  std::uint64_t age() const { return age_; }
  /// What stubs have counted since this was asked for the last time.
  std::vector<CallTally> take_new();

 private:
  using Edge = std::pair<std::uint64_t, std::uint64_t>;  ///< state and value
  /// Where an edge leads.
  struct Lead {
    std::size_t slot = 0;           ///< its entry, or the first of them
    std::uint64_t next = 0;         ///< a state; 0: to counters
    std::set<std::uint64_t> calls;  ///< which have counters there
  };
  bool comes_often(std::uint64_t call, const Edge& first, const WordsLookedAt& words);
  void write(const CallTally& calls, Edge edge, const WordsLookedAt& words);
  void write_end(const CallTally& calls, const Edge& edge);
  std::optional<std::size_t> free_slot(std::size_t first) const;
  void put(std::size_t slot, const Edge& edge, std::uint64_t next, std::uint64_t call);
  std::optional<std::uint64_t> counter_of(const CallTally& calls);
  std::size_t counter_bytes() const { return sizeof(std::uint64_t) + (timed_ ? PATH_TICKS : 0); }
  /// What all threads have counted there.
  CallTally counted(std::size_t counter) const;

  RegionMemory& memory_;
  const StubBlocks& blocks_;
  bool timed_;
  std::map<Edge, Lead> edges_;
  std::vector<bool> used_;                                    ///< entries of the region
  std::vector<CallTally> taken_;                              ///< from each counter that is in use
  std::unordered_map<std::uint64_t, std::uint32_t> records_;  ///< of paths that are not written, by hash
  std::uint64_t last_number_ = 0;
  std::uint64_t age_ = 0;
};

}  // namespace vdsotrace
