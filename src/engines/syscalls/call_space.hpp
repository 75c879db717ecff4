// The places of one address space that make system calls: how each comes to its stub, by a stop or by a jump.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engines/syscalls/sites/code_files.hpp"
#include "engines/syscalls/sites/memory_sharers.hpp"
#include "engines/syscalls/sites/site_patches.hpp"
#include "engines/syscalls/stubs/call_stubs.hpp"

namespace vdsotrace {

class CallSpace final : public SpaceRecord {
 public:
  explicit CallSpace(CallStubs stubs) : stubs_(std::move(stubs)) {}

  /// What a fork's child has of it, which look_at_copy completes as soon as the child has stopped.
  std::shared_ptr<CallSpace> copy_for_fork() const;
  /// A fork in one thread may have copied the memory before we wrote there for another: finds out what it has.
  void look_at_copy(pid_t stopped);

  std::uint64_t system_call() const override { return stubs_.memory().system_call(); }
  const CallStubs& stubs() const { return stubs_; }
  MemorySharers& sharers() { return sharers_; }
  const SitePatches& patches() const { return patches_; }

  /// CallStubs::place_for a call that comes back to where its site is left.
  std::optional<std::uint32_t> stub_for(StoppedThread& stopped, const CallCounters::CountedCall& call);

  /// A call has stopped that the stub of that place is to make. If its site has stopped often enough, the next go there
  /// by a jump, if there can be one. `by_jump`: it came by one already, whose stubs make calls of other numbers only.
  void on_stop(StoppedThread& stopped, std::uint32_t place, bool by_jump, CodeFiles& files);
  /// A thread has been seen right behind the system call instruction at that address, and may come back to there: what
  /// follows the instruction stays as it is from now on. False if it could not be put back.
  bool keep_behind(pid_t stopped, std::uint64_t site);
  /// The thread has stopped at a breakpoint. If code of ours was being written there, it goes back to that.
  bool resume_at_written(StoppedThread& stopped);
  /// Whether a thread is on the way from a jump in its code to the call that this stands for.
  bool is_in_jump(const arch::Registers& registers) const;
  /// Another one is about to run in the memory. One that is not followed is to meet no jump.
  void admit(pid_t stopped, const Thread& other);
  /// The jumps are taken out. False if that could not be done.
  bool undo(pid_t stopped);
  /// What they needed is unmapped; no thread may come back to it.
  void unmap(StoppedThread& stopped) { patches_.unmap(stopped); }

 private:
  struct Site {
    int stops = 0;
    bool refused = false;
    bool awaits_file = false;  ///< it is being read
    bool keeps_behind = false;
    /// If it is patched, its stubs by the order in which calls come to them; from the last one those leave whose number
    /// has none.
    std::vector<std::uint32_t> stubs;
  };
  CallStubs::Wanted stub_wanted(const StoppedThread& stopped, const CallCounters::CountedCall& call) const;
  std::uint64_t resume_of(std::uint64_t site) const;
  bool add_number(StoppedThread& stopped, Site& site, std::uint32_t place, Others others);
  bool patch(StoppedThread& stopped, const Site& site, std::uint32_t place, const CallSite& found, Others others);
  void patch_used(StoppedThread& stopped, const CodeFiles::Answer& answer);
  void mend_copied_stub(pid_t stopped, std::uint32_t place);
  void undo_widened(pid_t stopped);
  bool undo(pid_t stopped, std::uint64_t site);

  CallStubs stubs_;
  SitePatches patches_;
  std::map<std::uint64_t, Site> sites_;
  MemorySharers sharers_;
  bool may_widen_ = true;
  bool copied_while_written_ = false;  ///< it may have been
};

}  // namespace vdsotrace
