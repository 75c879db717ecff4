// The seccomp filters that vdsotrace itself is under, as in a container or a service: every program that it starts has
// inherited them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// Whether the thread is under the filters that vdsotrace is under, perhaps with that of our session, and under no
/// others: those that a program has added. Its number of filters shows that (/proc/PID/status, Linux 5.9), as none can
/// be taken away again (seccomp(2)). False where it is not known.
bool under_inherited_filters(StoppedThread& stopped);

/// What comes of that call of x86-64 under these filters: its errno, or 0. Nothing where they do more than refuse it:
/// kill the thread, send it a signal, or make it wait for somebody else's answer. They cannot be read by one who is
/// under them (PTRACE_SECCOMP_GET_FILTER), so a child of ours makes the call, which may die of it; once for all calls
/// whose small arguments are the same.
std::optional<int> try_under_inherited_filters(std::int64_t nr, const std::array<std::uint64_t, 6>& args);

}  // namespace vdsotrace
