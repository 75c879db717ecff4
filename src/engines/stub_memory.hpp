// Room for stubs in a traced process: code near its vDSO, and behind it the memory shared with us.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "os/shared_memory.hpp"
#include "trace/remote_call.hpp"

namespace vdsotrace {

/// Where it is in the process.
struct StubPlace {
  std::uint64_t code = 0;
  std::uint64_t code_bytes = 0;  ///< whole pages
  std::uint64_t region() const { return code + code_bytes; }
};

/// A free place of both within reach of the vDSO's 32-bit jumps, away from where stack and heap
/// grow. Nothing if there is none.
std::optional<StubPlace> find_stub_place(pid_t pid, std::uint64_t vdso, std::uint64_t code_bytes);

/// Maps code pages there (readable and executable, zero).
bool map_stub_code(RemoteCalls& calls, const StubPlace& place);

/// Makes a memfd named by the string at `name` in the process, and maps it as its region, in place of what was
/// there if `replace`. `inherited`: whether a fork's child gets the mapping as well. Errors: the process may not
/// (limits, seccomp), or died.
Result<SharedMemory> map_stub_region(StoppedThread& stopped, RemoteCalls& calls, const StubPlace& place,
                                     std::uint64_t name, bool replace, bool inherited);

/// Unmaps both. No thread may come back to them.
void unmap_stubs(RemoteCalls& calls, const StubPlace& place);

}  // namespace vdsotrace
