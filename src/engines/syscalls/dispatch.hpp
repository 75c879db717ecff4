// Syscall user dispatch of a thread whose calls are counted by stubs: switched on and off, and its stops.
#pragma once

#include "engines/syscalls/call_space.hpp"
#include "engines/syscalls/stubs/signal_calls.hpp"

namespace vdsotrace {

/// From now on a call stops with SIGSYS unless stubs make it. False if the program dispatches the thread's calls
/// itself.
bool begin_dispatch(StoppedThread& stopped, const CallMemory& memory);
void end_dispatch(StoppedThread& stopped);

/// SIGSYS's si_code where a seccomp filter has answered a call with it (SYS_SECCOMP, asm-generic/siginfo.h).
inline constexpr int kFilteredCall = 1;

/// What a SIGSYS stop is about.
enum class DispatchStop : std::uint8_t {
  none,    ///< a signal like others
  call,    ///< the thread's call has been stopped before it was made
  signal,  ///< it has, and SIGSYS was to report it; but one that a process has sent was pending, and that one is
           ///< reported
};
DispatchStop dispatch_stop(StoppedThread& stopped, const siginfo_t& info, const CallSpace& calls);

/// What more than its registers show of a call that has been stopped before it was made.
struct DispatchedCall {
  bool by_syscall;  ///< it is known to have been made by 64-bit code's instruction: the kernel says so
  bool has_ring;    ///< stubs can record the thread's calls
};
/// `info`: of the stop.
bool is_by_syscall(StoppedThread& stopped, const siginfo_t& info);

/// Has the stopped call made by the stub that counts or records it, or, where there is none for it, where it stands:
/// that is a system call stop then. Answers how the thread goes on.
Resume::How make_dispatched_call(StoppedThread& stopped, const DispatchedCall& dispatched, CallSpace& calls,
                                 CodeFiles& files, SignalCalls& signals);

}  // namespace vdsotrace
