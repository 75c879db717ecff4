// Taking the records out of the rings that stubs write.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "engines/inline/region/stub_blocks.hpp"

namespace vdsotrace {

/// The process may write anything into the rings: positions are masked, sizes are ours, and what cannot be right is
/// counted as lost.
class StubRings {
 public:
  /// The record is the taker's to change, and gone after the call.
  using Taker = std::function<void(StubRecord&, const StackWindow&)>;

  StubRings(RegionMemory& memory, StubBlocks& blocks, std::optional<RecordSize> size)
      : memory_(memory), blocks_(blocks), size_(size) {}

  /// Hands over all complete records, the shared ring's first, each ring's in order.
  /// `final`: no thread writes any more. Answers how many were lost.
  std::uint64_t drain(bool final, const Taker& take);
  /// The same for the ring of one thread, and the shared one.
  std::uint64_t drain_of(std::uint64_t thread_pointer, const Taker& take);
  /// Threads that wait for room in rings of their own, which drain() passes over from now on: until these are back at
  /// goes_on().
  std::vector<pid_t> set_waiting_aside();
  void goes_on(std::uint64_t thread_pointer);
  /// How many threads have rings of their own.
  std::size_t count() const { return blocks_.active().size(); }
  /// How full the fullest ring is, from 0 for nothing to drain to 1.
  double fill() const;
  /// Whether drain leaves complete records: behind one that another thread has begun, or of a thread that is set aside.
  bool leaves_records() const;

 private:
  std::uint64_t record_bytes() const { return std::uint64_t{1} << static_cast<unsigned>(*size_); }
  std::uint64_t drain(StubBlock& block, bool is_shared, bool skip_holes, const Taker& take);
  StackWindow window_of(const StubBlock& block, const std::byte* at, StubRecord& record, std::uint64_t commit) const;
  std::uint64_t read(const StubBlock& block, bool is_shared, const std::byte* at, std::uint64_t commit,
                     std::uint64_t most, StubRecord& record) const;
  void wake_waiting(const StubBlock& block, std::uint64_t first);
  std::uint64_t take_lost();
  void give_back(const StubBlock& block, std::uint64_t taken);
  void show_life();

  RegionMemory& memory_;
  StubBlocks& blocks_;
  std::optional<RecordSize> size_;
};

}  // namespace vdsotrace
