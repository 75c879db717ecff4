// For how long a thread has run.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "base/unique_fd.hpp"

namespace vdsotrace {

/// Its processor time so far, in user space and in the kernel, of /proc/TID/schedstat, which stays open. Unlike
/// getrusage(2), and wait4(2) with a rusage, it is that of one thread, is no estimate by ticks, and takes no longer
/// where there are many threads.
class RunTime {
 public:
  /// Nanoseconds. Nothing if the kernel does not keep it (CONFIG_SCHED_INFO), /proc cannot be believed, or the thread
  /// has ended. `tid`: always the same number, which may come again.
  std::optional<std::int64_t> of(pid_t tid);

 private:
  std::optional<std::int64_t> read() const;

  UniqueFd file_;
};

/// Whether that is known of any thread.
bool run_times_are_known();

}  // namespace vdsotrace
