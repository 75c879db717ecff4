// At which system calls tracees stop: at each, at those that a seccomp filter picks out, or at none.
#pragma once

#include <optional>
#include <vector>

#include "os/tracing/seccomp_filter.hpp"
#include "trace/probe_engine.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// Whether calls are selected that no vDSO could serve.
bool wants_ordinary_calls(const Selection& selection);

/// Decided once, before the program is started. A filter stays with a process under it and its children, and its
/// stops need a tracer (without one they answer ENOSYS): no such process can be detached, or be traced by another. So
/// it is used only where it saves stops, or where the vsyscall page was asked for (`-e route=`).
class StopPolicy {
 public:
  enum class Mode : std::uint8_t {
    every,   ///< PTRACE_SYSCALL, always; with a filter it is there for the vsyscall page only
    picked,  ///< PTRACE_CONT; the filter stops the calls that are wanted
    none,    ///< PTRACE_CONT
  };

  /// `spawned`: the processes are started by us, so that a filter can be put on them.
  StopPolicy(const Needs& needs, const ProbeEngine& engine, bool spawned);

  Mode mode() const { return mode_; }
  /// What the program that we start is put under; empty: nothing.
  const std::vector<sock_filter>& filter() const { return filter_; }

  /// The program that we started is about to run. `installed`: the kernel has taken our filter. If not, all calls stop.
  void confirm(bool installed);
  /// A program was executed: where no engine observes its vDSO, its fallbacks are found by their stops.
  void apply_after_exec(AddressSpace& space) const;
  /// A program was executed, and is about to be observed.
  void apply_before_install(AddressSpace& space) const {
    if (mode_ != Mode::none) space.expect_filters_seen();
  }

  /// The filter is in force: no process can be detached.
  bool filtered() const { return filtered_; }

  /// Whether the thread's next system call, or the end of this one, is a stop.
  bool stops(const Thread& thread) const;

 private:
  Mode mode_ = Mode::every;
  std::vector<sock_filter> filter_;
  bool filtered_ = false;
  bool only_fallbacks_enter_ = false;  ///< of the calls that are wanted
};

}  // namespace vdsotrace
