// One mapping of a process without reading them all.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "os/proc.hpp"

namespace vdsotrace {

/// The mapping that has the address. Nothing if none has, or that is not known. Asked of /proc/PID/maps by
/// PROCMAP_QUERY (Linux 6.11), which takes as long for thousands of mappings as for few; where that is not known all of
/// them are read.
std::optional<proc::Mapping> mapping_at(pid_t pid, std::uint64_t address);

}  // namespace vdsotrace
