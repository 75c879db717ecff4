// What a vdsotrace that was killed has left in a process.
#pragma once

#include <span>

#include "base/address_range.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// Takes jumps to abandoned trampolines out of the process's vDSO, by the journal that lies in front of the stubs
/// (StubJournal), brings threads out of trampolines and stubs, and what their signal handlers will return to, and
/// clears the former unless one may come back to them: false then. All its threads are stopped, or asleep. The journal
/// is the process's own memory and is believed only where what it says that we have written is there.
bool undo_leftovers(StoppedThread& stopped);

/// Unmaps such stubs, no longer jumped to, with their memory, unless one of the process's threads may be in them or
/// come back to them. `stopped` makes the calls; `others` are the other threads that are stopped, some of which may be
/// brought out only now.
void unmap_leftovers(StoppedThread& stopped, std::span<StoppedThread* const> others);

/// Whether no thread of the stopped one's process is in that code, or may come back to it. All are stopped, or asleep.
bool all_are_outside(StoppedThread& stopped, const AddressRange& code);

}  // namespace vdsotrace
