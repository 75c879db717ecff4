// Who has which part of the memory that stubs write: one block a thread, with a ring where calls are recorded.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "engines/inline/region_memory.hpp"
#include "engines/inline/stub_record.hpp"

namespace vdsotrace {

/// A block, and what we know of it.
struct StubBlock {
  std::size_t offset = 0;
  std::size_t ring = 0;       ///< offset
  std::uint64_t records = 0;  ///< that fit into the ring
  std::size_t room = 0;       ///< bytes of the ring, with what its last record may take beyond it
  std::uint64_t key = 0;
  pid_t tid = 0;
  std::size_t slot = 0;  ///< offset of the slot in the index
  bool leaving = false;  ///< no thread has it any more: free once it is empty
  bool ended = false;    ///< that thread writes no more
  bool aside = false;    ///< its thread waits, and is to be stopped before there is room
  bool retired = false;  ///< others have its thread's pointer: that may be writing into it, and begins no more
  std::uint64_t taken = 0;
  std::uint64_t call_shown = 0;  ///< BLOCK_CALL_BEGUN of the last system call that was shown before its end
  std::int64_t stuck_since = 0;
  StackBounds stack{};
};

/// Blocks lie one behind the other, the first threads' rings larger than the later, and become more at the end. An
/// index in the memory leads from thread pointers to blocks; threads that have none share one.
class StubBlocks {
 public:
  /// What a process has to map at first: under 1 MB.
  static std::size_t first_bytes(std::optional<RecordSize> size, std::size_t overrun = 0);
  /// `size`: of records, if there are to be any. The process has mapped the first `bytes`. `overrun`: how much more
  /// than its place the last record of a thread's ring may take.
  StubBlocks(RegionMemory& memory, std::optional<RecordSize> size, std::size_t bytes, std::size_t overrun = 0);

  /// How much the process has mapped.
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
  /// The same, while the thread that has the block runs: it may be writing into it, and until it ends the block is
  /// nobody else's.
  void retire(std::uint64_t thread_pointer);
  /// Another thread has that pointer and block from now on, into which nobody writes and which has been drained.
  void hand_over(std::uint64_t thread_pointer, pid_t tid);
  /// The thread is gone. A record that it has begun and not written is of a call that never returned.
  void end(std::uint64_t thread_pointer, pid_t tid);
  /// The same, but its block is yet to be drained and then handed over.
  void end_writing(std::uint64_t thread_pointer, pid_t tid);
  /// Which thread has the block of that pointer; 0: there is none.
  pid_t writer(std::uint64_t thread_pointer) const;

  /// The block of the thread with that pointer; null if it has none.
  StubBlock* find(std::uint64_t thread_pointer);
  const StubBlock* find(std::uint64_t thread_pointer) const;
  /// The one into which that thread writes, though others may have its pointer.
  StubBlock* find(std::uint64_t thread_pointer, pid_t tid);
  /// The one of all threads that have none of their own.
  StubBlock& shared() { return shared_; }
  const StubBlock& shared() const { return shared_; }
  /// Numbers of blocks that have a thread, or still records of one.
  const std::set<std::size_t>& active() const { return active_; }
  StubBlock& operator[](std::size_t number) { return blocks_[number]; }
  const StubBlock& operator[](std::size_t number) const { return blocks_[number]; }
  /// Blocks that ever had a thread: the first so many.
  std::size_t used() const { return used_; }

  /// Records that were begun and have not been taken.
  std::uint64_t waiting(const StubBlock& block) const {
    return block.records == 0 ? 0 : memory_.load<std::uint64_t>(block.offset + BLOCK_HEAD) - block.taken;
  }
  /// A block that no thread has is another's once it is empty.
  void release_if_empty(std::size_t number);

 private:
  std::uint64_t record_bytes() const { return size_ ? std::uint64_t{1} << static_cast<unsigned>(*size_) : 0; }
  std::size_t block_bytes(std::size_t number) const;
  void open(const StubBlock& block);
  std::optional<std::size_t> free_slot(std::uint64_t thread_pointer) const;

  RegionMemory& memory_;
  std::optional<RecordSize> size_;
  std::size_t overrun_;
  std::size_t bytes_ = 0;
  StubBlock shared_;
  std::vector<StubBlock> blocks_;
  std::size_t laid_out_ = 0;  ///< end of the last block
  std::size_t used_ = 0;
  std::set<std::size_t> free_;
  std::set<std::size_t> active_;
  std::unordered_map<std::uint64_t, std::size_t> numbers_;  ///< of blocks, by thread pointer
  std::unordered_map<pid_t, std::size_t> retired_;          ///< the same of those, by thread
};

}  // namespace vdsotrace
