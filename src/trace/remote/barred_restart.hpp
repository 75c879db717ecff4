// Calls that sleep for a time (nanosleep, poll, futex ...) are gone on with by restart_syscall(2) after any stop. A
// seccomp filter that does not know of that call kills a thread that makes it, although the program never asked for it.
#pragma once

#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// The stopped thread is about to go on from a stop that may have interrupted such a call. If filters of its own forbid
/// the restart, or cannot be read, sees to it that it does no harm: as long as we trace it, by suspending them for that
/// call (Thread::seccomp_suspended; its system calls are to stop until judge_calls_again); where we may not, or it
/// `leaves`, by beginning the call again by its own number. Then it sleeps for the rest of its time if the program
/// asked for it (nanosleep(2), `rem`) or gave the time of the clock, else for all of it.
void let_call_go_on(StoppedThread& stopped, bool leaves);

/// At any stop: ends the suspension unless the restart is just about to be made.
void judge_calls_again(StoppedThread& stopped);

/// For a thread that is to be detached with its filters in force: has it make the restart first. True if it is in that
/// call now and runs or sleeps; false if there was no need, or it has stopped for something else.
bool go_on_before_leaving(StoppedThread& stopped);

}  // namespace vdsotrace
