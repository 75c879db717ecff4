// Processes in PID namespaces within ours (pid_namespaces(7)): a container's have numbers of their own there.
#pragma once

#include <sys/types.h>

namespace vdsotrace {

/// The number that the process has for itself, where that is another one than ours for it; 0 where it is the same or
/// not known. `pid` may be a thread.
pid_t other_pid_inside(pid_t pid);

}  // namespace vdsotrace
