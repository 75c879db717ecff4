// Which of the kernel's trace points show the system calls that a vDSO could have served.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "vdsotrace/abi.hpp"
#include "vdsotrace/error.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// Trace points by their numbers: syscalls:sys_enter_NAME and sys_exit_NAME, of one system call of x86-64, or
/// raw_syscalls:sys_enter and sys_exit, of all that a filter leaves.
struct DirectCallPoint {
  std::uint64_t entered = 0;  ///< 0 where durations are not wanted
  std::uint64_t returned = 0;
  std::string filter;  ///< what else it takes for a sample, as PerfSampling's
};

/// By what the calls of an ABI are seen. The trace points of single calls do not fire for calls by the numbers of
/// another ABI than x86-64 (arch_trace_is_compat_syscall): for these there are filters only.
struct DirectCallMeans {
  Abi abi = Abi::x86_64;
  bool filters = false;
  auto operator<=>(const DirectCallMeans&) const = default;
};

/// The number of a trace point by its name ("raw_syscalls/sys_enter").
using FindTracePoint = std::function<Result<std::uint64_t>(const std::string& name)>;

/// Of the calls that are wanted; none if none is. Errors: one of them is not there.
Result<std::vector<DirectCallPoint>> find_direct_call_points(const Needs& needs, const DirectCallMeans& means,
                                                             const FindTracePoint& find);

}  // namespace vdsotrace
