// The site stubs of one address space: system calls of processes that were attached to, counted in their memory.
//
//   code      a header, with an instruction for our use, and a stub for each site
//   counters  shared with us and with forks
//
// All sites of the files that are mapped when we come are patched, as nothing stops a call elsewhere. What is patched
// leaves every instruction where it is: threads may be on their way to any of them, by signal frames too.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "engines/inline/stub_memory.hpp"
#include "engines/syscalls/code_files.hpp"
#include "engines/syscalls/number_counters.hpp"
#include "engines/syscalls/site_patches.hpp"

namespace vdsotrace {

class AttachedCalls final : public SpaceRecord {
 public:
  /// Patches what can be patched of `sites`; all threads of the stopped one's process are stopped, or asleep outside of
  /// what is patched. Errors: its memory is not known or full, it may not map more; then all is as it was.
  static Result<std::shared_ptr<AttachedCalls>> begin(StoppedThread& stopped, std::span<const NumberedSite> sites);

  /// What a fork's child has of it.
  std::shared_ptr<AttachedCalls> copy_for_fork() const { return std::make_shared<AttachedCalls>(*this); }

  std::uint64_t system_call() const override { return area_.code; }
  void note_own_call() override { counters_->note_own_call(); }
  const std::shared_ptr<NumberCounters>& counters() const { return counters_; }
  bool contains(std::uint64_t address) const { return area_.code <= address && address < area_.region(); }

  /// If the thread is in a stub or on the way there, it goes on in the program's own code: in front of a call that is
  /// yet to be made, behind one that has come back. `restarts_count`: so does one that will be made again. False if it
  /// is elsewhere.
  bool leave(StoppedThread& stopped, bool restarts_count);
  /// The thread has been brought out for good. Answers how many have.
  std::size_t note_outside(pid_t tid) { return outside_.insert(tid), outside_.size(); }
  /// Puts back the program's code. False if it could not be written.
  bool undo(pid_t stopped) { return patches_.undo_all(stopped); }
  /// Takes its memory away, after undo(). No thread may come back to it.
  void unmap(StoppedThread& stopped);

 private:
  struct Stub {
    std::uint64_t offset;  ///< of its begin in the code
    std::uint64_t site;
    arch::StubNumber number;
  };
  AttachedCalls(const StubArea& area, std::vector<Stub> stubs, std::shared_ptr<NumberCounters> counters)
      : area_(area), stubs_(std::move(stubs)), counters_(std::move(counters)) {}

  static std::vector<Stub> plan(std::span<const NumberedSite> sites);
  static std::vector<std::byte> code_of(std::span<const Stub> stubs, const StubArea& area);
  void patch(StoppedThread& stopped, std::span<const NumberedSite> sites);
  const Stub* stub_at(std::uint64_t address) const;
  void leave_stub(StoppedThread& stopped, const Stub& stub, bool restarts_count);

  StubArea area_;
  std::vector<Stub> stubs_;  ///< by offset
  std::shared_ptr<NumberCounters> counters_;
  SitePatches patches_;
  std::set<pid_t> outside_;
};

}  // namespace vdsotrace
