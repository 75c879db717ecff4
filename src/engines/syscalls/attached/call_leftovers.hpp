// What a vdsotrace that was killed has left in a process whose system calls it counted (attached_calls.hpp). Its stubs
// go on making calls; so nothing of it need be hurried.
#pragma once

#include <span>

#include "engines/syscalls/sites/code_files.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// Whether jumps of such a vdsotrace are there. The process may run.
bool has_call_leftovers(pid_t pid, std::span<const NumberedSite> sites);

/// Puts the program's own code back where jumps of such a vdsotrace are. All threads of the process are stopped, or
/// asleep.
void undo_call_leftovers(pid_t stopped, std::span<const NumberedSite> sites);

/// Unmaps what those jumps led to, unless a thread is in it or may come back to it, or some code still leads there.
void unmap_call_leftovers(StoppedThread& stopped);

}  // namespace vdsotrace
