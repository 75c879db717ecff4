// What a core dump is to show: every thread in the program's own code.
#pragma once

#include "trace/probe_engine.hpp"
#include "trace/task_table.hpp"

namespace vdsotrace {

/// The signal is about to be delivered. If the process dumps core by it: stops its other threads, outside of engine
/// memory, where they stay until it is dead.
void show_own_code_in_core(const StoppedThread& dying, int signal, const TaskTable& tasks, ProbeEngine& engine);

}  // namespace vdsotrace
