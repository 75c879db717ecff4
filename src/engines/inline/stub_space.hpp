// The stubs of one address space: where they are, whose records are whose, and what they have seen.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engines/inline/stub_memory.hpp"
#include "engines/inline/stub_plan.hpp"
#include "engines/inline/stub_region.hpp"
#include "engines/inline/stub_tally.hpp"

namespace vdsotrace {

/// What a fork's child has like its parent.
struct PlacedStubs {
  const StubPlan* plan = nullptr;
  const VdsoImage* image = nullptr;
  StubPlace place;

  const StubbedFunction& function(std::uint8_t number) const { return plan->functions[number]; }
  /// Whether the address is in one of the stubs.
  bool in_stub(std::uint64_t address) const {
    return address >= place.code + sizeof(StubJournal) && address < place.region();
  }
  /// Whether it is in a stub or among the trampolines of the vDSO at `vdso`.
  bool contain(std::uint64_t address, std::uint64_t vdso) const {
    return in_stub(address) || address - (vdso + plan->trampolines_at) < plan->trampolines.size();
  }
  /// The copy of a fallback's system call behind which the address is; null if there is none.
  const MovedFallback* fallback_before(std::uint64_t address, std::uint64_t vdso) const;
  /// A thread in the middle of what is to become a jump goes on in the copy, at once or when its signal handlers return.
  void move_out_of_patches(StoppedThread& stopped) const;
  /// The way back, of what handlers return to: before jumps and copies are taken away.
  void move_back_frames(StoppedThread& stopped) const;
};

class StubSpace {
 public:
  /// Whose a record is.
  struct Owner {
    pid_t tid = 0;  ///< 0: one of the process's threads, not known which
    pid_t tgid = 0;
    bool told = false;
    const Thread* thread = nullptr;  ///< null where it is not known
    std::uint64_t stack = 0;         ///< its stack pointer when it came: of a new thread, the top of its stack
  };

  /// `symbols`, where callers are to be found: the space's own.
  StubSpace(const PlacedStubs& placed, pid_t tgid, Symbols* symbols)
      : placed_(placed), tgid_(tgid), symbols_(symbols) {}

  const PlacedStubs& placed() const { return placed_; }
  pid_t tgid() const { return tgid_; }
  /// Some thread of it is followed.
  bool is_reported() const { return reported_; }

  /// Null in a fork's child until it gets its own.
  StubRegion* region() const { return region_.get(); }
  /// `tid`: of the process, by which to look for Go's code where callers are wanted.
  void set_region(std::unique_ptr<StubRegion> region, pid_t tid);
  /// How much of a region is mapped behind the code: its own, or its parent's.
  std::uint64_t mapped_bytes() const { return region_ != nullptr ? region_->bytes() : inherited_bytes_; }
  void inherit(std::uint64_t bytes) { inherited_bytes_ = bytes; }

  /// A thread could not be brought out: it will come out by itself, but its code must stay.
  void keep_mapped() { keep_mapped_ = true; }
  bool may_be_unmapped() const { return !keep_mapped_; }

  /// One more thread or process runs in it. False from leave(): that was the last.
  void enter() { ++members_; }
  bool leave() { return --members_ > 0; }
  bool is_last() const { return members_ == 1; }

  /// Records with the stopped thread's pointer are its own from now on, or those of all threads with that pointer: then their stacks
  /// tell whose. Makes room for one more thread where there is none.
  void bind_thread(StoppedThread& stopped);
  /// Records of a thread whose pointer cannot be asked for yet are those of one that is followed.
  void expect_thread(const Thread& thread);
  /// The thread is gone, or has another pointer now.
  void unbind_thread(pid_t tid, bool ended);
  Owner owner_of(const StubRecord& record) const;
  /// The pointer with which a thread has joined.
  std::optional<std::uint64_t> pointer_of(pid_t tid) const;

  /// Takes in one record. The route of its call; nothing for a record of nothing. Where callers are to be found, finds the
  /// record's in what lay above it on the stack.
  std::optional<Route> take(StubRecord& record, const StackWindow& window);
  /// Fills in to which places the record's call returns, as `word` shows the stack above it.
  void find_callers(StubRecord& record, const Symbols::StackWord& word) const;
  /// Names such places; nothing for 0. `tid`: 0 for any thread of the process.
  std::optional<Caller> place(std::uint64_t caller, std::uint64_t beyond, pid_t tid) const;
  /// A call that never returned has been told one by one.
  void add_unreturned(const Call& call);
  void add_lost(std::uint64_t count) { lost_ += count; }

  /// What is to be told in sums when nobody writes any more: everything, or at StubDepth::values the calls that
  /// were entered and never left, because their thread ended, executed or jumped out.
  std::vector<CallTally> totals(StubDepth depth);
  /// Of calls that are summed up from records: those that are new since they were asked for.
  std::vector<CallTally> new_sums() { return tallies_.take_new(); }

 private:
  std::vector<CallTally> counted() const;
  void add_entered_only(std::vector<CallTally>& totals) const;
  Owner by_stack(const StubRecord& record) const;
  void remember(const Owner& owner, std::uint64_t pointer);

  PlacedStubs placed_;
  std::unique_ptr<StubRegion> region_;
  std::uint64_t inherited_bytes_ = 0;
  pid_t tgid_;
  Symbols* symbols_;
  bool reported_ = false;
  bool keep_mapped_ = false;
  int members_ = 1;
  std::unordered_map<std::uint64_t, std::vector<Owner>> owners_;  ///< by thread pointer
  std::unordered_map<pid_t, std::uint64_t> pointers_;
  /// Threads that are gone, of which there may be records yet: all of late, and those that shared a pointer, by that.
  std::unordered_map<pid_t, Owner> gone_;
  std::unordered_map<std::uint64_t, std::vector<Owner>> gone_sharers_;
  CallTallies tallies_;
  std::uint64_t lost_ = 0;
};

}  // namespace vdsotrace
