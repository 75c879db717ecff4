// Expressions of -e that select no calls: what is left out of the messages, and whose data is dumped.
#pragma once

#include <string>
#include <vector>

#include "vdsotrace/descriptor.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Which messages are left out: `-e quiet=`.
struct Quiet {
  bool attach = false;           ///< that processes come and go under observation; also notices and the closing line
  bool exit = false;             ///< how processes end
  bool path_resolution = false;  ///< what -P's path leads to
  bool personality = false;      ///< we have no such message
  bool thread_execve = false;    ///< a thread ended by another's execve

  bool all() const { return attach && exit && path_resolution && personality && thread_execve; }
};

/// As -q given so often.
Quiet quiet_of(int level);

/// What of `expressions` begins with `quiet=` or another of strace's names for it; the last counts, and it replaces
/// `quiet`.
Result<void> take_quiet(std::vector<std::string>& expressions, Quiet& quiet);
/// The same for `read=` and `write=`.
Result<void> take_dumps(std::vector<std::string>& expressions, Dumps& dumps);
/// The same for the set of `decode-fds=`. Errors: an unknown word.
Result<void> take_descriptor_details(std::vector<std::string>& expressions, DescriptorDetails& details);
/// The same for `decode-pids=`.
Result<void> take_process_details(std::vector<std::string>& expressions, ProcessDetails& details);

}  // namespace vdsotrace::cli
