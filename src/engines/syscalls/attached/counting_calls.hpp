// The site stubs of one address space: system calls of processes that were attached to, counted in their memory.
//
//   code      a header, with an instruction for our use, and a stub for each site
//   counters  shared with us and with forks
#pragma once

#include "engines/syscalls/attached/attached_calls.hpp"
#include "engines/syscalls/counters/number_counters.hpp"

namespace vdsotrace {

class CountingCalls final : public AttachedCalls {
 public:
  /// Patches what can be patched of `sites`; all threads of the stopped one's process are stopped, or asleep outside of
  /// what is patched. Errors: its memory is not known or full, it may not map more; then all is as it was.
  static Result<std::shared_ptr<CountingCalls>> begin(StoppedThread& stopped, std::span<const NumberedSite> sites);

  std::shared_ptr<AttachedCalls> copy_for_fork() const override { return std::make_shared<CountingCalls>(*this); }
  void note_own_call() override { counters_->note_own_call(); }
  const std::shared_ptr<NumberCounters>& counters() const { return counters_; }

 private:
  CountingCalls(const StubArea& area, std::vector<Stub> stubs, std::shared_ptr<NumberCounters> counters)
      : AttachedCalls(area, std::move(stubs), NumberCounters::kBytes), counters_(std::move(counters)) {}

  static std::vector<Stub> plan(std::span<const NumberedSite> sites);
  static std::vector<std::byte> code_of(std::span<const Stub> stubs, const StubArea& area);
  Left leave_code(StoppedThread& stopped, bool restarts_count) override;

  std::shared_ptr<NumberCounters> counters_;
};

}  // namespace vdsotrace
