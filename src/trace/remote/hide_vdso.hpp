// --no-vdso.
#pragma once

#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// Makes a program that has just been executed unable to find its vDSO: turns the
/// AT_SYSINFO_EHDR (and AT_SYSINFO) entries of the auxiliary vector on its stack into
/// AT_IGNORE. /proc/PID/auxv still shows them. False if the stack does not
/// look as the kernel lays it out.
bool hide_vdso(StoppedThread& stopped);

}  // namespace vdsotrace
