// Counts and records system calls without system call stops (`--syscalls=inline`), beside an engine that observes vDSO
// calls, whose rings take the records.
//
// Syscall user dispatch stops a call before it is made (SIGSYS), unless it is made from a range that is ours. At that
// stop the thread is sent to a stub of that range, which makes the call, counts or records it and goes on behind the
// program's instruction. What cannot be made there (stopping_calls.hpp) is made where it stands, with system call
// stops.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engines/engine_decorator.hpp"
#include "engines/syscalls/call_mix.hpp"
#include "engines/syscalls/call_space.hpp"
#include "engines/syscalls/stubs/signal_calls.hpp"
#include "trace/reporter.hpp"

namespace vdsotrace {

/// A decorator: it adds system calls to what the other engine does, and asks nothing of it but where its code is. In
/// processes where it can do nothing all calls stop, as without it; that is said.
class SyscallEngine final : public EngineDecorator {
 public:
  SyscallEngine(std::unique_ptr<ProbeEngine> vdso_calls, const Needs& needs, EventSink& sink)
      : EngineDecorator(std::move(vdso_calls)),
        sink_(sink),
        reporter_(sink),
        choice_(needs),
        times_all_(needs.durations) {}

  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override;
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override;
  bool remove(AddressSpace& space, StoppedThread& thread) override;

  void on_stop(Thread& thread) override;
  std::optional<Resume> on_trap(StoppedThread& thread) override;
  bool on_fault(StoppedThread& thread, int signal) override;
  std::optional<Resume> on_dispatched_call(StoppedThread& thread, const siginfo_t& info) override;
  void on_interrupted(StoppedThread& thread) override;
  bool on_own_step(StoppedThread& thread) override;
  void move_out_of_engine_code(StoppedThread& thread) override;
  Resume::How resume_mode(StoppedThread& thread) override;

  void on_clone(const Thread& parent, const Thread& child) override;
  void on_first_stop(StoppedThread& thread) override;
  void on_end(Thread& thread) override;

  bool records_call(const Thread& thread, std::uint64_t behind) override;
  bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) override;

  Drained drain() override;

 private:
  Result<void> begin(AddressSpace& space, StoppedThread& stopped);
  void refuse(StoppedThread& stopped, std::string_view why);
  bool suits_stubs(const Thread& thread) const;
  void leave_stub(StoppedThread& stopped, CallSpace& calls, bool restarts_count);

  EventSink& sink_;
  Reporter reporter_;
  StubChoice choice_;
  bool times_all_;  ///< a call that is recorded shows how long it takes: not so if it stops
  std::unordered_map<pid_t, CallMix> mixes_;
  CodeFiles files_;
  SignalCalls signals_;
  /// Those of a process and its forks each; they may live on in a child that no event has reported yet.
  std::vector<std::shared_ptr<CallCounters>> counters_;
};

}  // namespace vdsotrace
