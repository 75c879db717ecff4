// Numbers of processes that a program knows, as we know them (pid_namespaces(7)).
#pragma once

#include <sys/types.h>

#include "vdsotrace/process.hpp"

namespace vdsotrace {

/// Of a process, thread, group or session to which the thread `observer` refers by `number`; of 0, the thread itself.
/// Where it is in another PID namespace than we are, all of /proc is looked through (NSpid of proc(5), Linux 4.1),
/// also that of an outer namespace. What cannot be found out is empty.
ProcessFacts process_facts(pid_t observer, pid_t number, ProcessKind kind, const ProcessDetails& wanted);

}  // namespace vdsotrace
