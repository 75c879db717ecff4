// Makes a complete call of a stub's record.
#pragma once

#include "engines/stub_region.hpp"
#include "os/tsc_clock.hpp"
#include "vdsotrace/call.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// The call that the record tells of, with what its arguments pointed to when it returned and with
/// start and duration. `nr` is the service's number in the ABI.
Call make_call(const VdsoService& service, Abi abi, std::int64_t nr, const StubRecord& record, Route route,
               const TscClock& clock);

}  // namespace vdsotrace
