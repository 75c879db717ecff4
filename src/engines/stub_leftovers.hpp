// What a vdsotrace that was killed has left in a process.
#pragma once

#include <span>

#include "trace/thread.hpp"

namespace vdsotrace {

/// Takes jumps to abandoned stubs out of the process's vDSO, by the journal that lies in front of the stubs
/// (StubJournal). All its threads are stopped; stubs and the memory that they write stay, as one may be in the middle
/// of such a stub or return to it (unmap_leftovers). The journal is the process's own memory and is believed only as far as it describes
/// jumps into the code behind it.
void undo_leftovers(StoppedThread& stopped);

/// Unmaps such stubs, no longer jumped to, and their memory, unless one of the process's threads may be in them or come
/// back to them. `stopped` makes the calls; what stubs none of `others` and it have seen, as a thread sleeps, stay.
void unmap_leftovers(StoppedThread& stopped, std::span<StoppedThread* const> others);

}  // namespace vdsotrace
