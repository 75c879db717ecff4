// Counts or records system calls of processes that are attached to, without any stop (`-p --syscalls=inline`), beside
// an engine that observes vDSO calls, whose rings take the records.
//
// Processes outlive us: so nothing is done to their threads that would need us. Their system call instructions are
// patched when we come, those that can be; calls from elsewhere are not seen, but the kernel counts how many there are.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engines/engine_decorator.hpp"
#include "engines/syscalls/attached/counting_calls.hpp"
#include "engines/syscalls/attached/entered_calls.hpp"
#include "engines/syscalls/attached/recording_calls.hpp"
#include "trace/reporter.hpp"

namespace vdsotrace {

/// A decorator: it adds system calls, or Counts of them, to what the other engine does, and a Notice at the end that
/// says how many are not among them. In processes where it can do nothing, and after an exec, all calls stop; that is
/// said.
class AttachedCallEngine final : public EngineDecorator {
 public:
  AttachedCallEngine(std::unique_ptr<ProbeEngine> vdso_calls, const Needs& needs, EventSink& sink);

  void prepare_attach(pid_t pid) override;
  bool undo_leftovers(StoppedThread& thread) override;
  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override;
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override;
  bool remove(AddressSpace& space, StoppedThread& thread) override;

  std::optional<Resume> on_trap(StoppedThread& thread) override;
  bool on_fault(StoppedThread& thread, int signal) override;
  bool on_missing_memory(StoppedThread& thread, std::uint64_t address) override;
  void on_interrupted(StoppedThread& thread) override;
  void move_out_of_engine_code(StoppedThread& thread) override;

  void on_clone(const Thread& parent, const Thread& child) override;
  void on_first_stop(StoppedThread& thread) override;
  void on_attach_thread(Thread& thread, StoppedThread* stopped) override;

  Drained drain() override;
  void finish() override;

 private:
  Result<void> begin(AddressSpace& space, StoppedThread& stopped, std::span<const NumberedSite> sites);
  Result<std::shared_ptr<AttachedCalls>> begin_calls(StoppedThread& stopped, std::span<const NumberedSite> sites);
  void refuse(AddressSpace& space, const Thread& thread, std::string_view why);
  void watch(const Thread& thread);
  AttachedCalls::Left leave(StoppedThread& stopped, AttachedCalls& calls, bool restarts_count);
  void report_birth(const Thread& parent, pid_t child, const arch::Registers& registers);
  std::uint64_t seen() const;
  void report_completeness(std::uint64_t entered, std::uint64_t seen);

  EventSink& sink_;
  const std::optional<AttachedRecords> records_;  ///< where calls are recorded; else they are counted
  Reporter reporter_;
  CodeFiles files_;
  /// Of a process that will be attached to.
  struct Prepared {
    std::vector<NumberedSite> sites;
    bool has_leftovers = false;
  };
  std::map<pid_t, Prepared> prepared_;
  /// Those of a process and its forks each; they may live on in a child that no event has reported yet.
  std::vector<std::shared_ptr<NumberCounters>> counters_;
  std::vector<std::shared_ptr<const std::uint64_t>> own_calls_;  ///< of processes whose calls are recorded
  EnteredCalls entered_;
  std::uint64_t unfinished_ = 0;  ///< calls that had been entered when their threads were detached
};

}  // namespace vdsotrace
