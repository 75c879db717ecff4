// Getting a stopped thread out of a stub.
#pragma once

#include "engines/stub_space.hpp"

namespace vdsotrace {

/// The thread is to be seen by others, or to run a signal handler: if it is in a stub, executes the rest of that for it, up to
/// the function that is observed or to whoever called that. The thread itself does not run, and its registers are set
/// once: whenever we may be killed, it goes on as if we had not been there. Where that cannot be done (a shadow stack,
/// memory that is gone) the thread makes single steps, signals held back: killed meanwhile, we leave it with those.
/// False if it is still inside, or gone.
bool leave_stub(StoppedThread& stopped, const PlacedStubs& placed, StubRegion& region);

}  // namespace vdsotrace
