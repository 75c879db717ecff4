// What a number of a process, thread, group or session in a call stands for, as the kernel shows it at a stop.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace vdsotrace {

/// What is shown of it: `-Y`, `--decode-pids=`.
struct ProcessDetails {
  bool name = false;        ///< of the program, as ps shows it
  bool translated = false;  ///< the number in our PID namespace, where it is another one

  bool any() const { return name || translated; }
};

enum class ProcessKind : std::uint8_t { thread, process, group, session };

struct ProcessFacts {
  std::string name;   ///< any bytes; empty if it is unknown
  pid_t outside = 0;  ///< in our PID namespace; 0 if it is unknown
};

/// One that a call named or returned, as it was when the call began or ended.
struct NotedProcess {
  pid_t number = 0;  ///< in the caller's PID namespace; 0: the calling thread
  ProcessKind kind = ProcessKind::process;
  bool at_exit = false;
  ProcessFacts facts;
};

}  // namespace vdsotrace
