// The stubs of one address space: where they are, whose records are whose, and what they have seen.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engines/stub_memory.hpp"
#include "engines/stub_plan.hpp"
#include "engines/stub_region.hpp"
#include "engines/stub_tally.hpp"

namespace vdsotrace {

/// What a fork's child has like its parent.
struct PlacedStubs {
  const StubPlan* plan = nullptr;
  const VdsoImage* image = nullptr;
  StubPlace place;

  const StubbedFunction& function(std::uint8_t number) const { return plan->functions[number]; }
  /// Whether the address is in the stubs or in the code that they displaced.
  bool contain(std::uint64_t address) const;
  /// Whether it is in one of the stubs itself.
  bool in_template(std::uint64_t address) const;
  /// A thread in the middle of what is to become a jump goes on in the copy.
  void move_out_of_patches(StoppedThread& stopped) const;
};

/// Whether the stopped thread's program counter is `inside`, or a word on its stack is, as a return address or the
/// frame of a signal handler may be that will lead it back there. A thread without registers is gone: false.
bool leads_into(StoppedThread& stopped, const std::function<bool(std::uint64_t)>& inside);

class StubSpace {
 public:
  /// Whose a record is.
  struct Owner {
    pid_t tid = 0;
    pid_t tgid = 0;
    bool told = false;
    const Thread* thread = nullptr;  ///< null for whoever is not known by its thread pointer
  };

  /// `symbols`, where callers are to be found: the space's own.
  StubSpace(const PlacedStubs& placed, pid_t tgid, Symbols* symbols) : placed_(placed), tgid_(tgid), symbols_(symbols) {}

  const PlacedStubs& placed() const { return placed_; }
  pid_t tgid() const { return tgid_; }
  /// Some thread of it is followed.
  bool told() const { return told_; }
  /// Other stubs that number the same functions alike.
  void replace(const StubPlan& plan) { placed_.plan = &plan; }

  /// Null in a fork's child until it gets its own.
  StubRegion* region() const { return region_.get(); }
  void set_region(std::unique_ptr<StubRegion> region) { region_ = std::move(region); }

  /// One more thread or process runs in it. False from leave(): that was the last.
  void enter() { ++members_; }
  bool leave() { return --members_ > 0; }
  bool is_last() const { return members_ == 1; }

  /// Records with the stopped thread's pointer are its own from now on; a vfork's child comes before the parent
  /// whose pointer it shares.
  void join(StoppedThread& stopped);
  /// Records of a thread whose pointer cannot be asked for yet are those of one that is followed.
  void join_unseen(const Thread& thread);
  void part(pid_t tid);
  Owner owner_of(std::uint64_t key) const;

  /// Searches the stack of a thread that will not stop again for us: a handler may have interrupted a call, then the
  /// way back into the stubs lies there.
  void note_way_back(StoppedThread& stopped);
  /// All threads were searched, and none was found that may come back.
  bool may_be_unmapped() const { return !may_return_ && searched_.size() >= static_cast<std::size_t>(members_); }

  /// Takes in one record. The route of the call that it completes; nothing for a system call that a function
  /// made, and for records of nothing. Where callers are to be found, finds the record's in what lay above it on the stack.
  std::optional<Route> take(StubRecord& record, const StackWindow& window);
  /// The place to which the record's call returns outside the C library, as `word` shows the stack above it.
  std::uint64_t caller_of(const StubRecord& record, const Symbols::StackWord& word) const;
  /// Names such a place; nothing for 0.
  std::optional<Caller> place(std::uint64_t address, pid_t tid) const;
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

  PlacedStubs placed_;
  std::unique_ptr<StubRegion> region_;
  pid_t tgid_;
  Symbols* symbols_;
  bool told_ = false;
  bool may_return_ = false;
  std::set<pid_t> searched_;
  int members_ = 1;
  std::map<std::uint64_t, std::vector<Owner>> owners_;       ///< by thread pointer
  std::map<std::uint64_t, PendingFallbacks> pending_;  ///< by key
  CallTallies tallies_;
  std::uint64_t lost_ = 0;
};

}  // namespace vdsotrace
