// Getting a stopped thread out of a stub.
#pragma once

#include "engines/inline/space/stub_space.hpp"

namespace vdsotrace {

/// The thread is to be seen by others, or to run a signal handler: if it is in a stub or a trampoline, executes the
/// rest of that for it, up to the function that is observed or to its caller. The thread itself does not run,
/// and its registers are set once: whenever we may be killed, it goes on as if we had not been there. Where that cannot
/// be done (a shadow stack, memory that is gone) the thread makes single steps, signals held back, if it is one that
/// does not outlive us. False if it is still inside, or gone. A thread that has a fallback's system call still to make,
/// in a copy of it, may stay there.
bool leave_stub(StoppedThread& stopped, const InstalledStubs& installed, StubRegion& region);

/// The same before the stubs are taken away: a thread at the copy of a fallback's system call goes on at its original.
/// False also of one that has just begun to sleep until there is room in its ring: it is out of that in a moment.
bool leave_stub_for_good(StoppedThread& stopped, const InstalledStubs& installed, StubRegion& region);

}  // namespace vdsotrace
