// What is reported of a process when it begins to be observed, or has begun to run another program.
#pragma once

#include "trace/reporter.hpp"
#include "trace/task_table.hpp"

namespace vdsotrace {

/// Its threads that have been attached (Thread::Phase::attached): they are live from now on.
void report_attached(const TaskTable& tasks, Reporter& reporter, pid_t pid);
/// What of its vDSO cannot be observed, if anything.
void report_vdso_limits(Reporter& reporter, const Thread& thread);

}  // namespace vdsotrace
