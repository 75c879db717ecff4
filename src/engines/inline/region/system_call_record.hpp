// Records of system calls that threads make in record stubs (arch/record_stub.hpp), in the same rings as those of vDSO
// calls, so that the order of a thread's calls is theirs.
#pragma once

#include <optional>

#include "engines/inline/region/region_memory.hpp"
#include "engines/inline/region/stub_blocks.hpp"
#include "engines/inline/region/stub_record.hpp"
#include "os/machine/tsc_clock.hpp"
#include "symbols/symbols.hpp"
#include "vdsotrace/call.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {

/// All but the key and the pointees, of a record whose function is RECORD_SYSTEM_CALL, and which has room for values.
void read_system_call(const std::byte* at, StubRecord& record);
/// How many bytes the record takes up with its pointees. Nothing if that is more than there is `room` for.
std::optional<std::size_t> system_call_bytes(const StubRecord& record, std::size_t room);
/// Reads the pointees of a record at `at` that takes up so many bytes.
void read_pointees(const std::byte* at, std::size_t bytes, StubRecord& record);

/// The one that the block's thread is making, without its result and end: nothing if there is none, or if it ends in
/// this moment. `size`: of the ring's records.
std::optional<StubRecord> open_system_call(const RegionMemory& memory, const StubBlock& block, RecordSize size);

/// Whether the record's thread waits behind the call, so that we can read what the results point to.
bool is_to_be_looked_at(const StubRecord& record);

/// Fills a new `call` with the recorded one of an x86-64 process, without its engine and stack. `keeps_stack`: its stub
/// keeps stacks (arch::CopyPlan).
void fill_system_call(Call& call, const StubRecord& record, const TscClock& clock, bool keeps_stack = false);
/// The same of a call that has only begun.
void fill_open_system_call(Call& call, const StubRecord& record, const TscClock& clock, bool keeps_stack = false);

/// What a stub has kept of its thread: where unwinding begins, and the words of the stack from there on.
struct KeptStack {
  UnwindStart start;
  Capture words;
};
/// Of a record whose stub keeps stacks. Nothing if there is none in it.
std::optional<KeptStack> kept_stack(const StubRecord& record);

}  // namespace vdsotrace
