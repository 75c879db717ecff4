// The parts of the system call table, by subject. table.cpp joins them; the
// order of rows within a part is for the reader only.
#pragma once

#include <span>

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

std::span<const CallSpec> file_calls();     ///< files, directories, mounts, extended attributes
std::span<const CallSpec> memory_calls();   ///< address spaces
std::span<const CallSpec> process_calls();  ///< processes, credentials, limits, scheduling
std::span<const CallSpec> signal_calls();
std::span<const CallSpec> network_calls();
std::span<const CallSpec> ipc_calls();   ///< System V IPC, POSIX message queues
std::span<const CallSpec> time_calls();  ///< clocks, timers, sleeping, getcpu, getrandom
std::span<const CallSpec> poll_calls();  ///< waiting for events, futex, asynchronous I/O
std::span<const CallSpec> ioctl_calls();
std::span<const CallSpec> misc_calls();  ///< all the rest, so that every call has a name

}  // namespace vdsotrace
