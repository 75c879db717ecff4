// Single mappings of a process without reading them all.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/unique_fd.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {

/// The mappings of a process, opened once to be asked for single ones again and again: /proc/PID/maps by PROCMAP_QUERY
/// (Linux 6.11), which takes as long for thousands of mappings as for few. Where that is not known all of them are
/// read. It stays with the memory that the process has when it is opened, and does not keep that memory.
class OpenMappings {
 public:
  explicit OpenMappings(pid_t pid);

  /// The mapping that has the address. Nothing if none has, or that is not known. `tid`: a thread that has that memory
  /// now.
  std::optional<proc::Mapping> at(std::uint64_t address, pid_t tid);
  /// The same while all threads are stopped, and have been since this was asked first: all mappings are read once at
  /// most. What is mapped meanwhile by calls that threads make for us may be missing. With at() that is over.
  std::optional<proc::Mapping> at_standstill(std::uint64_t address, pid_t tid);

 private:
  std::optional<proc::Mapping> ask_for(std::uint64_t address) const;

  UniqueFd maps_;
  std::optional<std::vector<proc::Mapping>> all_;  ///< as they are at the standstill, by address
};

}  // namespace vdsotrace
