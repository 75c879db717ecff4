// Makes a complete call of a stub's record.
#pragma once

#include "engines/stub_plan.hpp"
#include "engines/stub_region.hpp"
#include "os/tsc_clock.hpp"
#include "vdsotrace/call.hpp"

namespace vdsotrace {

/// The call of an x86-64 process that the record tells of, with what its arguments pointed to when it returned and
/// with start and duration.
Call make_call(const StubbedFunction& function, const StubRecord& record, Route route, const TscClock& clock);

}  // namespace vdsotrace
