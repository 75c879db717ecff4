// What a vdsotrace that was killed has left in a process.
#pragma once

#include "trace/thread.hpp"

namespace vdsotrace {

/// Takes jumps to abandoned stubs out of the process's vDSO, by the journal that lies in front of the stubs
/// (StubJournal). All its threads are stopped; stubs and the memory that they write stay, as one may be in the middle
/// of such a stub or return to it. The journal is the process's own memory and is believed only as far as it describes
/// jumps into the code behind it.
void undo_leftovers(StoppedThread& stopped);

}  // namespace vdsotrace
