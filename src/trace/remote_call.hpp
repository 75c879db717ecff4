// Making a stopped thread do a system call for us.
#pragma once

#include "trace/thread.hpp"

namespace vdsotrace {

/// Runs system call `nr` on a stopped x86-64 thread, using the vDSO's own system call
/// instruction, and puts its registers and signal mask back as they were. Signals wait meanwhile.
/// Nothing if the thread died, has no usable vDSO, or is under seccomp (which might kill it for the call).
std::optional<std::int64_t> remote_call(StoppedThread& stopped, std::int64_t nr,
                                        const std::array<std::uint64_t, 6>& args);

/// Undoes what a breakpoint's forced SIGTRAP did to the program's signal mask and
/// to its action for SIGTRAP (see signal_state.hpp).
void repair_signal_state(StoppedThread& stopped);

}  // namespace vdsotrace
