// Getting hold of a process that already runs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "trace/thread/signal_state.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// A process whose threads have been seized.
struct SeizedProcess {
  pid_t pid = 0;
  std::vector<pid_t> threads;  ///< those seized here; one that they created meanwhile is traced by itself
};

/// Whether there is a program that could be observed. Errors: no such process, a zombie, a kernel thread, ourselves,
/// /proc does not show it or cannot be believed: nothing is known of it then.
Result<void> check_observable(pid_t pid);

/// Seizes every thread of the process (PTRACE_SEIZE, not EXITKILL), which runs on; repeats until no thread is
/// left that is not ours. A thread that ends meanwhile is left out. `pid` may be the number of any
/// of its threads. Into `seized` goes also what was seized before an error.
/// Errors, with the reason and where there is one a hint: no such process, a zombie, a kernel thread, ourselves,
/// traced already (by whom), not permitted (Yama, another user).
Result<void> seize_process(pid_t pid, SeizedProcess& seized);

/// Whether we trace that thread, or started it, dead or alive: whether we may wait for it.
bool is_ours(pid_t tid);

/// What /proc/PID/status says of the signal actions of a process: which signals are ignored and which have
/// a handler. Of those handlers neither address nor flags nor mask are known.
SignalActions running_signal_actions(pid_t pid);

/// Whether two processes have the same memory (CLONE_VM): kcmp(2), KCMP_VM. False if it is not known.
bool share_memory(pid_t one, pid_t other);
/// Whether they have the same signal actions (CLONE_SIGHAND): KCMP_SIGHAND.
bool share_signal_actions(pid_t one, pid_t other);
/// The processes that share the memory of one, as far as parents, children and children's children show.
std::vector<pid_t> sharers_of(pid_t pid);

}  // namespace vdsotrace
