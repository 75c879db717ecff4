// The memory in which a process counts its system calls: where its parts are, and how it comes to be.
//
//   start    counters, shared with us
//   leave    one leave stub for each pair of counters: calls from here stop
//   code     one stub for each that makes the call, the first place holds an instruction for our use: calls from here
//            on are made
//   end      the engine's stubs for vDSO calls, if there are some: their calls are made, too
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "arch/call_stub.hpp"
#include "base/address_range.hpp"
#include "engines/inline/code/call_code.hpp"
#include "engines/syscalls/counters/call_counters.hpp"
#include "trace/remote/remote_call.hpp"
#include "trace/thread/thread.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

struct CallMemory {
  std::uint64_t start = 0;
  std::uint64_t allowed_end = 0;  ///< of what calls are made from
  std::uint64_t stub_bytes = arch::kCallStubBytes;

  std::uint64_t code_bytes() const { return CallCounters::kMost * (arch::kLeaveStubBytes + stub_bytes); }
  std::uint64_t bytes() const { return CallCounters::kBytes + code_bytes(); }
  std::uint64_t leave() const { return start + CallCounters::kBytes; }
  std::uint64_t code() const { return leave() + std::uint64_t{CallCounters::kMost} * arch::kLeaveStubBytes; }
  std::uint64_t end() const { return start + bytes(); }
  std::uint64_t stub(std::uint32_t place) const { return code() + place * stub_bytes; }
  std::uint64_t leave_stub(std::uint32_t place) const { return leave() + std::uint64_t{place} * arch::kLeaveStubBytes; }
  std::uint64_t system_call() const { return code(); }

  /// Which stub an address is in, and how far behind its beginning.
  struct Position {
    std::uint32_t place;
    std::size_t offset;
    bool leaves;  ///< it is a leave stub
  };
  std::optional<Position> position_of(std::uint64_t address) const;
};

/// Where there is room for it: right below the engine's code in that space, so that both are one range; anywhere if the
/// engine has none. Nothing if there is none.
std::optional<CallMemory> find_call_memory(const AddressSpace& space, pid_t tid, std::uint64_t stub_bytes);

/// Maps it into the stopped thread's process. Errors: the process may not, or its memory cannot be written.
Result<std::shared_ptr<CallCounters>> map_call_memory(StoppedThread& stopped, const CallMemory& memory);

/// Maps counters at `start`, which forks share with us. `name`: the address of the memory's name in the process.
/// Errors: the process may not.
Result<SharedMemory> map_shared_counters(StoppedThread& stopped, RemoteCalls& calls, AddressRange counters,
                                         std::uint64_t name);

/// Takes it away again. No thread may come back to it.
void unmap_call_memory(StoppedThread& stopped, const CallMemory& memory);

}  // namespace vdsotrace
