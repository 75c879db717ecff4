// Observing running processes without ptrace: nothing stops them, and not a byte of theirs is changed.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>

#include "engines/perf/probes.hpp"
#include "engines/perf/watched_processes.hpp"
#include "os/self/own_signals.hpp"
#include "trace/observer.hpp"
#include "trace/thread/address_space.hpp"
#include "vdsotrace/event.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// The `perf` engine of processes that run already: breakpoints of the processor on the entries of vDSO functions
/// and, where tracefs may be read, the kernel's trace points raw_syscalls:sys_enter and sys_exit. Without these it
/// sees no direct system calls, and the vDSO's own only where a breakpoint is left for them; it says so in a Notice.
///
/// Threads inherit what their creators have. What pointers refer to is not seen, as no thread stops so that it can be
/// read. After an exec the breakpoints must be placed anew, and calls made before that are missing (a Notice).
/// Processors that come online later are not observed.
class PerfSession final : public Observer {
 public:
  PerfSession(const Needs& needs, EventSink& sink, OwnSignals& signals)
      : needs_(needs), sink_(sink), signals_(signals), probes_(needs), processes_(sink) {}

  /// Begins to record. Errors: no such process, a zombie, a kernel thread, ourselves, not permitted, no breakpoints
  /// left; nothing is observed then.
  Result<void> attach(std::span<const pid_t> pids) override;
  /// Reports what is recorded until the last process has ended, a signal asks us to end, or that much time has passed.
  void run(std::optional<std::int64_t> duration_ns) override;
  /// Nothing of theirs was changed, and the events end with us.
  void release() override {}
  std::string_view engine() const override { return "perf"; }
  std::uint64_t stops() const override { return 0; }

 private:
  Result<void> attach(pid_t pid);
  void report_beginning(pid_t pid, const WatchedProcess& process);
  void report_limits(pid_t pid, const AddressSpace& space);

  void wait(std::optional<std::int64_t> until);
  void take(bool all);
  void on(const PerfSample& sample);
  void on(const PerfFork& fork);
  void on(const PerfEnd& end);
  void on(const PerfExec& exec);
  void on(const PerfLost& lost);
  void on(const PerfGap& gap);
  void on_point(const PerfSample& sample, const PerfEventInfo& meaning, const WatchedProcess& process,
                RouteInference& calls);
  void on_system_call(const PerfSample& sample, const WatchedProcess& process, RouteInference& calls);
  void on_return(const PerfSample& sample, RouteInference& calls);
  void detach();

  const Needs& needs_;
  EventSink& sink_;
  OwnSignals& signals_;
  PerfProbes probes_;
  ImageCache images_;
  WatchedProcesses processes_;
  std::int64_t since_ = 0;             ///< when all events were there
  std::optional<std::int64_t> until_;  ///< up to here all events were there
  std::int64_t doubtful_until_ = 0;    ///< up to here records may be missing
  std::int64_t since_epoch_ = 0;       ///< CLOCK_REALTIME less CLOCK_MONOTONIC
};

/// A descriptor that becomes readable when the process ends (pidfd_open(2)).
UniqueFd open_process(pid_t pid);

}  // namespace vdsotrace
