// The call that a breakpoint's sample describes.
#pragma once

#include <optional>

#include "os/perf/perf_records.hpp"
#include "vdsotrace/call.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// The call that begins with that sample, made with `since_epoch` added to its time stamp. Its route is open.
Call perf_call(const PerfSample& sample, const VdsoService& service, std::int64_t since_epoch);

/// The system call that begins with that sample of raw_syscalls:sys_enter. Nothing if it is not known.
std::optional<Call> perf_system_call(const PerfSample& sample, std::int64_t since_epoch);

}  // namespace vdsotrace
