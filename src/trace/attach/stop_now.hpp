// Stops one thread at once, beside the loop of the session.
#pragma once

#include <sys/types.h>

namespace vdsotrace {

/// Interrupts a seized thread that runs, and waits for its stop. The session does not see that stop, so it must not
/// wait for the thread any more. False only if the thread has ended, sleeps where no signal wakes it, or does not get a
/// processor for seconds (a frozen cgroup), however busy the machine is.
bool stop_now(pid_t tid);

}  // namespace vdsotrace
