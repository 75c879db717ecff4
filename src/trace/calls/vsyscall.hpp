// Calls through the legacy vsyscall page, which a seccomp filter shows us.
//
// The kernel carries them out in the page fault that they cause: there is no system call stop, and no
// stop at the end. An interrupt asked for at the filter's stop is served when the call has
// returned, before another instruction of the program runs.
#pragma once

#include <array>
#include <string_view>

#include "trace/probe_engine.hpp"
#include "trace/reporter.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// What the page offers, one function every 1024 bytes (asm/vsyscall.h).
inline constexpr std::array<std::string_view, 3> kVsyscalls = {"gettimeofday", "time", "getcpu"};

class Vsyscalls {
 public:
  Vsyscalls(const Needs& needs, ProbeEngine& engine, Reporter& reporter)
      : needs_(needs), engine_(engine), reporter_(reporter) {}

  /// The filter has stopped a call. False if it is not one through the page.
  bool on_filtered(StoppedThread& stopped, const __ptrace_syscall_info& info);
  /// The thread stopped, whatever for: a call of that kind is over.
  void on_stop(StoppedThread& stopped);
  /// The thread is gone: the call it was in never returns.
  void on_end(Thread& thread);

 private:
  bool wanted(const Thread& thread, const Call& call) const;

  const Needs& needs_;
  ProbeEngine& engine_;
  Reporter& reporter_;
};

}  // namespace vdsotrace
