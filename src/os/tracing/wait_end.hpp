// Ends that have not been waited for yet (waitid(2), WNOWAIT).
#pragma once

#include <sys/types.h>

namespace vdsotrace {

/// Whether a wait for that child or tracee of ours would report its end; it is left to be waited for. Of processes that
/// are neither, /proc knows (proc::has_ended). A signal handler may call this.
bool has_waitable_end(pid_t tid);

}  // namespace vdsotrace
