// Finding the recorded call that a stopped thread is in the middle of.
#pragma once

#include <optional>

#include "engines/stub_plan.hpp"
#include "engines/stub_region.hpp"
#include "trace/thread.hpp"

namespace vdsotrace {

/// The innermost call that the thread's stack shows, as a record without result: what the stub saved of
/// it. Nothing if it is not in one. `code` is where the plan's code lies.
std::optional<StubRecord> interrupted_call(StoppedThread& stopped, const StubPlan& plan, std::uint64_t code);

}  // namespace vdsotrace
