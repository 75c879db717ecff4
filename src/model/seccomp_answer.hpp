// What a thread's seccomp filters answer to a system call, found without making it.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>
#include <vector>

namespace vdsotrace {

using SeccompFilter = std::vector<sock_filter>;

/// What the kernel would do about that call, SECCOMP_RET_... with its data: all filters are asked, and the strictest
/// answer holds (seccomp(2)). SECCOMP_RET_KILL_PROCESS also where a filter is none that the kernel takes.
std::uint32_t seccomp_answer(std::span<const SeccompFilter> filters, const seccomp_data& call);

/// Whether the filter reads from which address a call is made: its answer may depend on it.
bool looks_at_instruction(const SeccompFilter& filter);

}  // namespace vdsotrace
