// The call stubs of one address space.
#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <set>

#include "engines/syscalls/call_memory.hpp"
#include "engines/syscalls/code_files.hpp"
#include "engines/syscalls/site_patches.hpp"
#include "engines/syscalls/stub_choice.hpp"

namespace vdsotrace {

class CallSpace final : public SpaceRecord {
 public:
  /// `choice` lives longer. `index`: where stubs find the rings of threads in which they record.
  CallSpace(const CallMemory& memory, std::shared_ptr<CallCounters> counters, const StubChoice& choice,
            std::uint64_t index)
      : memory_(memory), counters_(std::move(counters)), choice_(&choice), index_(index) {}

  /// What a fork's child has of it, which look_at_copy completes as soon as the child has stopped.
  std::shared_ptr<CallSpace> copy_for_fork() const;
  /// A fork in one thread may have copied the memory before we wrote there for another: finds out what it has.
  void look_at_copy(pid_t stopped);

  std::uint64_t system_call() const override { return memory_.system_call(); }
  const CallMemory& memory() const { return memory_; }
  CallCounters& counters() const { return *counters_; }
  CallStub kind_of(std::int64_t nr) const { return choice_->of(nr); }
  /// Whether some of its stubs record.
  bool records() const { return choice_->records(); }

  /// The place of the stub that makes and counts this call, which is written if it is not there yet. Nothing if there
  /// is no more room, or it could not be written.
  std::optional<std::uint32_t> stub_for(pid_t stopped, const CallCounters::CountedCall& call,
                                        const std::optional<Route>& route);

  /// A call has stopped that the stub of that place is to make. If its site has stopped often enough, the next go there
  /// by a jump, if there can be one. `by_jump`: it came by one already, whose stubs make calls of other numbers only.
  void on_stop(StoppedThread& stopped, std::uint32_t place, bool by_jump, CodeFiles& files);
  const SitePatches& patches() const { return patches_; }
  /// A thread has been seen right behind the system call instruction at that address, and may come back to there: what
  /// follows the instruction stays as it is from now on. False if it could not be put back.
  bool keep_behind(pid_t stopped, std::uint64_t site);
  /// The thread has stopped at a breakpoint. If code of ours was being written there, it goes back to that.
  bool resume_at_written(StoppedThread& stopped);
  /// Whether a stub that records is there.
  bool is_in_record_stub(std::uint64_t address) const { return offset_in_record_stub(address).has_value(); }
  /// Whether threads wait there behind a recorded call, until it has been looked at.
  bool waits_behind_call(std::uint64_t address) const;
  /// Registers with which a thread goes on that has stopped for a fault while it copied what a call's pointers refer
  /// to. Nothing if it did not.
  std::optional<arch::Registers> without_copy(const arch::Registers& registers) const;
  /// Whether a thread is on the way from a jump in its code to the call that this stands for.
  bool is_in_jump(const arch::Registers& registers) const;
  /// Another one is about to run in the memory. One that is not followed is to meet no jump.
  void admit(pid_t stopped, const Thread& other);
  /// It runs there no more.
  void note_gone(pid_t tid) {
    note_running(tid);
    unfollowed_.erase(tid);
  }
  /// A thread does not run before its next stop, as it waits for its child (vfork(2)): it is none of the others that
  /// run in the memory.
  void note_waiting(pid_t tid) { waiting_.insert(tid); }
  void note_running(pid_t tid) {
    if (!waiting_.empty()) waiting_.erase(tid);
  }
  /// The jumps are taken out. False if that could not be done.
  bool undo(pid_t stopped);
  /// What they needed is unmapped; no thread may come back to it.
  void unmap(StoppedThread& stopped) { patches_.unmap(stopped); }

 private:
  struct Site {
    int stops = 0;
    bool refused = false;
    bool keeps_behind = false;
    /// If it is patched, its stubs by the order in which calls come to them; from the last one those leave whose number
    /// has none.
    std::vector<std::uint32_t> stubs;
  };
  Others others_of(const StoppedThread& stopped) const;
  bool write_stub(pid_t stopped, std::uint32_t place);
  std::optional<std::size_t> offset_in_record_stub(std::uint64_t address) const;
  std::vector<std::byte> stub_of(std::uint32_t place) const;
  std::uint64_t entry_of(std::uint32_t place) const;
  bool add_number(StoppedThread& stopped, Site& site, std::uint32_t place, Others others);
  bool patch(StoppedThread& stopped, const Site& site, std::uint32_t place, CodeFiles& files, Others others);
  bool lead_to_leave(pid_t stopped, std::uint32_t place, Others others);
  void mend_copied_stub(pid_t stopped, std::uint32_t place);
  bool resume_at(pid_t stopped, std::uint64_t site, std::uint64_t address);
  void undo_widened(pid_t stopped);
  bool undo(pid_t stopped, std::uint64_t site);

  CallMemory memory_;
  std::shared_ptr<CallCounters> counters_;
  const StubChoice* choice_;
  std::uint64_t index_;
  std::bitset<CallCounters::kMost> written_;
  SitePatches patches_;
  std::map<std::uint64_t, Site> sites_;
  bool may_widen_ = true;
  bool has_had_others_ = false;
  bool copied_while_written_ = false;  ///< it may have been
  std::set<pid_t> waiting_;
  std::set<pid_t> unfollowed_;  ///< that run in the memory
};

/// What a thread had begun in a stub that it was taken out of. It will come to that call again.
struct LeftCallStub {
  std::optional<std::int64_t> unmade;  ///< the number of the call that the stub was to make and has not made
  bool has_record = false;             ///< of which it had begun a record
};

/// A thread that is seen by others, or runs a signal handler, stands in its program's own code: if it is in one of
/// these stubs, its registers become what they would be there. A call that has come back is counted if the stub has not
/// done so yet; one that the kernel will restart only if `restarts_count`, as it has come back to be interrupted.
LeftCallStub leave_call_stub(StoppedThread& stopped, CallSpace& space, bool restarts_count);

}  // namespace vdsotrace
