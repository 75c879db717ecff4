// The perf map that a process keeps of the code that it makes, followed as it grows.
#pragma once

#include <sys/types.h>

#include "base/unique_fd.hpp"
#include "symbols/perf_map.hpp"

namespace vdsotrace {

class JitNames {
 public:
  /// What the process's map knows of that address now: /tmp/perf-PID.map below its root directory, PID as it sees
  /// itself. A map that another user wrote, or that is older than the process, is not its. Where there was none a
  /// moment ago none is looked for.
  PerfMap::Code find(pid_t pid, std::uint64_t address);

 private:
  bool open(pid_t pid);
  void read_on();

  UniqueFd file_;
  PerfMap map_;
  std::uint64_t taken_ = 0;     ///< bytes of the file
  std::int64_t missed_ns_ = 0;  ///< CLOCK_MONOTONIC: when there was none; 0: never
};

}  // namespace vdsotrace
