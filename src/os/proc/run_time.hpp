// For how long threads have run.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "base/unique_fd.hpp"

namespace vdsotrace {

/// A thread's processor time in nanoseconds, by the line of its schedstat (Documentation/scheduler/sched-stats.rst).
/// Nothing where the kernel does not keep it, for which it says zeros.
std::optional<std::int64_t> schedstat_run_time(std::string_view line);

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

/// Those of many threads. The files of the first stay open until they are forgotten, so that descriptors are left;
/// those of the others are opened for each question.
class RunTimes {
 public:
  explicit RunTimes(std::size_t most_open = 256) : most_open_(most_open) {}
  std::optional<std::int64_t> of(pid_t tid);
  void forget(pid_t tid) { open_.erase(tid); }

 private:
  std::map<pid_t, RunTime> open_;
  std::size_t most_open_;
};

/// Whether that is known of any thread.
bool run_times_are_known();

}  // namespace vdsotrace
