// Getting a stopped thread out of the stub that makes its system call, or of a jump on the way there.
#pragma once

#include <cstdint>
#include <optional>

#include "engines/syscalls/call_space.hpp"

namespace vdsotrace {

/// What a thread had begun in a stub that it was taken out of. It will come to that call again.
struct LeftCallStub {
  std::optional<std::int64_t> unmade;  ///< the number of the call that the stub was to make and has not made
  bool has_record = false;             ///< of which it had begun a record
};

/// A thread that is seen by others, or runs a signal handler, stands in its program's own code: if it is in one of
/// these stubs, its registers become what they would be there. A call that has come back is counted if the stub has not
/// done so yet; one that the kernel will restart only if `restarts_count`, as it has come back to be interrupted.
LeftCallStub leave_call_stub(StoppedThread& stopped, CallSpace& space, bool restarts_count);

}  // namespace vdsotrace
