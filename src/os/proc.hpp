// Facts about a process from /proc (proc(5)). A process that is gone gives nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vdsotrace::proc {

/// One line of /proc/PID/maps.
struct Mapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;  ///< exclusive
  bool executable = false;
  std::string name;  ///< file, "[vdso]", or empty
};

std::vector<Mapping> mappings(pid_t pid);
/// The mapping named [vdso]; nothing if there is none.
std::optional<Mapping> vdso_mapping(pid_t pid);

/// Where /proc/PID/exe points; empty if it cannot be told.
std::string executable(pid_t pid);

/// A numeric field of /proc/PID/status ("Tgid", "PPid", "TracerPid").
std::optional<std::int64_t> status_number(pid_t pid, std::string_view field);

/// First line of a small file such as /sys/.../current_clocksource; empty if unreadable.
std::string first_line(const std::string& path);

}  // namespace vdsotrace::proc
