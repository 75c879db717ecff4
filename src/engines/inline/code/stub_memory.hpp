// Room for stubs in a traced process: code away from all that it has mapped, and behind it the memory shared with us.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "engines/inline/region/stub_region.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {

/// Where it is in the process.
struct StubArea {
  std::uint64_t code = 0;
  std::uint64_t code_bytes = 0;  ///< whole pages
  std::uint64_t region() const { return code + code_bytes; }
};

/// A free place for both, away from where stack and heap grow, with `bytes` of address space in all. If it `grows`, it
/// has room behind it for all that it may come to, where there is such a place. Nothing if there is none, or if that
/// cannot be known.
std::optional<StubArea> find_stub_area(pid_t pid, std::uint64_t vdso, std::uint64_t code_bytes, std::uint64_t bytes,
                                       bool grows);

/// Maps code pages there (readable and executable, zero). They are to be written before the next call: until then
/// it would not be known whose they are, and they do not outlast us.
bool map_stub_code(RemoteCalls& calls, const StubArea& area);

/// Makes a memfd named by the string at `name` in the process, and maps its first `bytes` as its region, in place of
/// what was there if `replace`. `make` is given our mapping of it before the process has its own: stubs that jumps lead
/// to already, as in a fork's child, find it ready, even if we are killed as soon as it is mapped. A fork's child
/// gets the mapping as well: one that no tracer follows (CLONE_UNTRACED) would run into nothing without it. Errors: the
/// process may not (limits, seccomp), or died.
Result<std::unique_ptr<StubRegion>> map_stub_region(
    StoppedThread& stopped, RemoteCalls& calls, const StubArea& area, std::uint64_t name, std::uint64_t bytes,
    bool replace, const std::function<std::unique_ptr<StubRegion>(SharedMemory)>& make);

/// Room for the blocks of more threads, at least so many, if the process may have more memory.
void grow_stub_region(RemoteCalls& calls, const StubArea& area, StubRegion& region, std::size_t threads);

/// Takes the region out of what mlockall(2) has locked: it is not the program's.
void unlock_stub_region(RemoteCalls& calls, const StubArea& area, std::uint64_t bytes);

/// Unmaps the code, and so much behind it. No thread may come back to them.
void unmap_stubs(RemoteCalls& calls, const StubArea& area, std::uint64_t region_bytes);

}  // namespace vdsotrace
