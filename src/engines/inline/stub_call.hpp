// Makes a complete call of a stub's record.
#pragma once

#include "engines/inline/stub_plan.hpp"
#include "engines/inline/stub_region.hpp"
#include "os/tsc_clock.hpp"
#include "vdsotrace/call.hpp"

namespace vdsotrace {

/// Gives a record that bears no times, as the thread could not read the counter, the present one as start and end.
void date(StubRecord& record);

/// Makes of a new `call` the one of an x86-64 process that the record tells of, with what its arguments pointed to when it returned
/// and with start and, where there is one, duration. In place: moving a call costs as much.
void fill_call(Call& call, const StubbedFunction& function, const StubRecord& record, Route route,
               const TscClock& clock);

}  // namespace vdsotrace
