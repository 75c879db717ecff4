// Stopping one thread outside the session's order of things.
#pragma once

#include <sys/types.h>

namespace vdsotrace {

/// Interrupts a seized thread that runs and waits for its stop, which the session does not see: its order of things
/// is over for the thread. However busy the machine is: false only if the thread has ended, sleeps where no signal
/// wakes it, or is not run at all for seconds (a frozen cgroup).
bool stop_now(pid_t tid);

}  // namespace vdsotrace
