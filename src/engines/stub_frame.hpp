// Finding the recorded call that a stopped thread is in the middle of.
#pragma once

#include <optional>

#include "engines/stub_plan.hpp"
#include "engines/stub_region.hpp"
#include "trace/thread.hpp"

namespace vdsotrace {

/// Whether the address lies in a stub itself, in front of or behind the function's own code: there it is not
/// yet or no longer to be seen on the stack that the function runs.
bool in_stub_template(const StubPlan& plan, std::uint64_t code, std::uint64_t address);

/// The innermost call that the thread's stack shows, as a record without result: what the stub saved of
/// it. Nothing if it is not in one. `code` is where the plan's code lies.
std::optional<StubRecord> interrupted_call(StoppedThread& stopped, const StubPlan& plan, std::uint64_t code);

}  // namespace vdsotrace
