// The memory that stubs write and vdsotrace reads: counters, and one ring of records a thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engines/inline/region/caller_paths.hpp"
#include "engines/inline/region/ring_waits.hpp"
#include "engines/inline/region/stub_counts.hpp"
#include "engines/inline/region/stub_rings.hpp"

namespace vdsotrace {

/// Our side of the memory. The process may write anything into it at any time: positions are
/// masked, sizes are ours, and what cannot be right is counted as lost.
///
/// A thread has a block of its own, and a ring where calls are recorded, as long as there is memory: the first threads
/// larger rings than the later. The memory grows at its end, first in the process (bytes_wanted), then here (grow).
class StubRegion {
 public:
  /// At REGION_MAGIC.
  static constexpr std::uint64_t kMagic = 0x7664'736f'7263'6531;
  /// What a process has to map at first: under 1 MB.
  static std::size_t first_bytes(std::optional<RecordSize> size, std::size_t overrun = 0) {
    return BlockLayout(size, overrun).first_bytes();
  }
  /// The memory as a whole, of which the process has mapped the first `bytes` at `address`. `may_sleep`: stubs may put
  /// its threads to sleep while a ring is full. `size`: of records, if there are to be any. `overrun` as in
  /// BlockLayout.
  StubRegion(SharedMemory memory, std::uint64_t address, std::size_t bytes, bool may_sleep,
             std::optional<RecordSize> size, std::size_t overrun = 0);

  StubRegion(const StubRegion&) = delete;
  StubRegion& operator=(const StubRegion&) = delete;

  std::uint64_t address() const { return memory_.address(); }
  /// Where the process has code of Go 1.18 or newer.
  void set_go_code(std::uint64_t address, std::uint64_t bytes);
  /// How much of it the process has mapped.
  std::size_t bytes() const { return blocks_.bytes(); }

  /// Who has which part of it.
  StubBlocks& blocks() { return blocks_; }
  const StubBlocks& blocks() const { return blocks_; }

  /// What stubs record in it.
  StubRings& rings() { return rings_; }
  const StubRings& rings() const { return rings_; }
  RingWaits& waits() { return waits_; }
  /// Where we have what the process has there, if all of it is in the region; it can be read and written atomically.
  std::byte* shared(std::uint64_t address, std::size_t size) const;

  /// The call that the thread with that pointer is in, where its stack pointer is `stack`: as far as it is known at its
  /// begin.
  std::optional<StubRecord> open_call(std::uint64_t thread_pointer, std::uint64_t stack) const;
  /// A handler is about to interrupt it: makes room for the calls that the handler makes.
  void set_aside(std::uint64_t thread_pointer);

  /// Whether system calls can be recorded of the stopped thread that has the block of that pointer: it has a ring, and
  /// nothing is left in that. Something is left only if the ring is as no stub leaves it.
  bool has_ring(std::uint64_t thread_pointer) const {
    const StubBlock* block = size_ ? blocks_.find(thread_pointer) : nullptr;
    return block != nullptr && blocks_.waiting(*block) == 0;
  }
  std::uint64_t index() const { return memory_.address(REGION_INDEX); }
  /// The system call that the thread with that pointer is making in a stub, as far as it is known at its begin.
  std::optional<StubRecord> open_system_call(std::uint64_t thread_pointer, pid_t tid);
  /// Hands over those of all threads, each once, that have begun before `counter` (the time-stamp counter) and behind
  /// all records that have been taken. One that `take` answers false for is handed over again.
  void take_open_system_calls(std::uint64_t counter, const std::function<bool(StubRecord&)>& take);
  /// The thread makes it once more from the beginning. Answers it if it has been handed over.
  std::optional<StubRecord> abandon_system_call(std::uint64_t thread_pointer, pid_t tid);

  /// Totals of one function now; rows that are all zero are left out.
  std::vector<StubCount> counts(std::uint8_t function, bool clocked) const {
    return read_counts(memory_, blocks_, function, clocked);
  }

  /// What leads from calls to counters of their callers, empty at first. It must not outlive the region. `timed`: stubs
  /// also add up how long these calls take.
  std::shared_ptr<CallerPaths> make_paths(bool timed) { return std::make_shared<CallerPaths>(memory_, blocks_, timed); }

 private:
  RegionMemory memory_;
  RingWaits waits_;
  std::optional<RecordSize> size_;
  StubBlocks blocks_;
  StubRings rings_;
};

}  // namespace vdsotrace
