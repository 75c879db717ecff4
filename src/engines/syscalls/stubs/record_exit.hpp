// Getting a stopped thread out of a stub that records its call.
#pragma once

#include <optional>

#include "engines/syscalls/counters/call_memory.hpp"

namespace vdsotrace {

/// Where it is in the program.
struct LeftRecordStub {
  arch::Registers registers;  ///< the program's own, but for the program counter and what a call destroys
  bool made = false;          ///< the call has come back, and is recorded; else it has yet to be made
};

/// Executes the rest for it, up to the call, or, if that has come back, up to the program: registers are the thread's
/// when they are set. `records`: a call that has come back to be restarted is recorded, too. Nothing if its memory is
/// gone.
std::optional<LeftRecordStub> leave_record_stub(StoppedThread& stopped, const CallMemory& memory,
                                                const CallMemory::Position& position, bool records);

}  // namespace vdsotrace
