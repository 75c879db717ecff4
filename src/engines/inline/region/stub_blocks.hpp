// Who has which part of the memory that stubs write: one block a thread.
#pragma once

#include <sys/types.h>

#include <set>
#include <unordered_map>
#include <vector>

#include "engines/inline/region/block_index.hpp"
#include "engines/inline/region/block_layout.hpp"
#include "engines/inline/region/region_memory.hpp"

namespace vdsotrace {

/// They become more at the end. Threads that have none of their own share one.
class StubBlocks {
 public:
  /// The process has mapped the first `bytes`, at least `layout.first_bytes()`.
  StubBlocks(RegionMemory& memory, const BlockLayout& layout, std::size_t bytes);

  /// How much the process has mapped.
  std::size_t bytes() const { return bytes_; }
  /// Whether the next thread finds no block free.
  bool is_full() const { return free_.empty(); }
  /// How much the process should have mapped for more threads, `at_least` so many; no more than bytes() if nothing more
  /// can be had.
  std::size_t bytes_wanted(std::size_t at_least = 1) const;
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
  void open(const StubBlock& block);

  RegionMemory& memory_;
  BlockLayout layout_;
  std::size_t bytes_ = 0;
  StubBlock shared_;
  std::vector<StubBlock> blocks_;
  std::size_t used_ = 0;
  std::set<std::size_t> free_;
  std::set<std::size_t> active_;
  BlockIndex index_;
  std::unordered_map<pid_t, std::size_t> retired_;  ///< numbers of blocks, by thread
};

}  // namespace vdsotrace
