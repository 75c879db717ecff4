// Who made a call, looked up while its thread is stopped at it.
#pragma once

#include <vector>

#include "trace/thread/thread.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// At a system call: notes caller and stack in the call, as far as the needs ask for them.
void note_caller(StoppedThread& stopped, const Needs& needs, Call& call);

/// At the first instruction of a function that was called: a vDSO function, or one of the vsyscall page.
/// `function`: where it begins, if it is to be in the stack itself.
void note_caller_of_function(StoppedThread& stopped, const Needs& needs, Call& call,
                             std::optional<std::uint64_t> function = {});

/// Where the thread is, innermost first, as far as known.
std::vector<Caller> stack_of(StoppedThread& stopped);

}  // namespace vdsotrace
