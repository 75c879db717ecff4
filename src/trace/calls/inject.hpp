// What -e inject= asks for, done to a stopped thread. The code that meets a call at its entry asks due_injection, once,
// with the call that it is about to report; so each call is counted once, by whichever route it goes.
#pragma once

#include <span>

#include "trace/reporter.hpp"
#include "trace/thread/thread.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// What is done to the call that the thread has just entered, which is counted; null: nothing.
const Injection* due_injection(const Needs& needs, Thread& thread, const Call& call, bool vdso_capable);

/// At a system call's entry: what was done to the vDSO call that it repeats, as a C library does whose function has
/// failed. Then it is no call of its own, and fails for the same reason; null: it repeats none.
const Injection* repeated_injection(Thread& thread, const Call& call);

/// At the call's entry: writes what is to be written, says so where it cannot be, and notes in the call what was done
/// and will be. Its result is the caller's business.
void inject_at_entry(StoppedThread& stopped, const Injection& injection, Call& call, Reporter& reporter);
/// At its end: the same, before its values are captured.
void inject_at_exit(StoppedThread& stopped, const Injection& injection, Call& call, Reporter& reporter);

/// At a system call's entry: another one is made in its place. False if the thread is gone.
bool replace_system_call(StoppedThread& stopped, const Injection& injection, Abi abi);
/// The same, but none is made.
bool refuse_system_call(StoppedThread& stopped, const Injection& injection);

}  // namespace vdsotrace
