// Code that is changed while other threads may run it, in the order of the kernel's own (text_poke_bp,
// arch/x86/kernel/alternative.c): a breakpoint in place of the first byte of an instruction, then what that instruction
// consists of or reads, then its first byte. After each, all processors that run the process read their code anew
// (membarrier(2), MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, Linux 4.16).
//
// A thread that comes to the instruction meanwhile is stopped by the breakpoint. By the time that its stop is handled
// the code is whole, and it goes back to the instruction.
#pragma once

#include "model/code/call_site.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {

/// Which threads may run the code that is changed.
using Others = RemoteCalls::Others;

/// Writes `rest`, and `first` over the first byte of the instruction that leads to it. False if the process may not
/// make the others read their code anew; then nothing has been written, unless the process has just ended.
bool poke_text(StoppedThread& stopped, const CodeWrite& rest, const CodeWrite& first);

/// Whether a poke that a fork has copied in the middle may have left these bytes, which were to become `after`.
bool may_be_half_written(const std::vector<std::byte>& now, const CodeWrite& before, const CodeWrite& after);

}  // namespace vdsotrace
