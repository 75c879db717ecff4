#include "engines/syscalls/counters/call_memory.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>

#include "engines/inline/code/stub_memory.hpp"

namespace vdsotrace {

std::optional<CallMemory::Position> CallMemory::position_of(std::uint64_t address) const {
  if (address < leave() || address >= end()) return std::nullopt;
  const bool leaves = address < code();
  const std::uint64_t from = address - (leaves ? leave() : code());
  const std::uint64_t size = leaves ? arch::kLeaveStubBytes : stub_bytes;
  return Position{static_cast<std::uint32_t>(from / size), static_cast<std::size_t>(from % size), leaves};
}

std::optional<CallMemory> find_call_memory(const AddressSpace& space, pid_t tid, std::uint64_t stub_bytes) {
  const std::uint64_t bytes = CallMemory{0, 0, stub_bytes}.bytes();
  const EngineMemory& engine = space.engine_memory();
  if (engine.start != engine.end) return CallMemory{engine.start - bytes, engine.end, stub_bytes};
  const auto area = find_stub_area(tid, space.vdso().base(), bytes, bytes, false);
  if (!area) return std::nullopt;
  return CallMemory{area->code, area->code + bytes, stub_bytes};
}

Result<SharedMemory> map_shared_counters(StoppedThread& stopped, RemoteCalls& calls, AddressRange counters,
                                         std::uint64_t name) {
  const auto fd =
      calls.call(SYS_memfd_create, {name, MFD_CLOEXEC | MFD_ALLOW_SEALING, 0, 0, 0, 0}, arch::OrphanCleanup::close);
  if (!fd || *fd < 0) return fail("the process could not make shared memory");
  const auto descriptor = static_cast<std::uint64_t>(*fd);
  auto shared = SharedMemory::of_descriptor(stopped.tid(), static_cast<int>(*fd), counters.size(), counters.size());
  const auto mapped = calls.call(
      SYS_mmap,
      {counters.start, counters.size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, descriptor, 0},
      arch::OrphanCleanup::close_mapped);
  calls.call(SYS_close, {descriptor, 0, 0, 0, 0, 0});
  const bool is_there = mapped && static_cast<std::uint64_t>(*mapped) == counters.start;
  if (shared && !is_there) return fail("the process could not map shared memory");
  if (!shared && is_there) calls.call(SYS_munmap, {counters.start, counters.size(), 0, 0, 0, 0});
  return shared;
}

Result<std::shared_ptr<CallCounters>> map_call_memory(StoppedThread& stopped, const CallMemory& memory) {
  RemoteCalls calls(stopped);
  if (!map_stub_code(calls, {memory.leave(), memory.code_bytes()}))
    return fail("the process could not map executable memory");
  const bool written = write_remote(stopped.tid(), memory.code(), call_memory_header());
  const AddressRange counters{memory.start, memory.start + CallCounters::kBytes};
  auto shared = written ? map_shared_counters(stopped, calls, counters, memory.code() + kCallMemoryName)
                        : fail("its memory could not be written");
  if (shared) return std::make_shared<CallCounters>(std::move(*shared), memory.start, stopped.thread().tgid);
  calls.call(SYS_munmap, {memory.leave(), memory.code_bytes(), 0, 0, 0, 0});
  return tl::unexpected(shared.error());
}

void unmap_call_memory(StoppedThread& stopped, const CallMemory& memory) {
  RemoteCalls(stopped).call(SYS_munmap, {memory.start, memory.bytes(), 0, 0, 0, 0});
}

}  // namespace vdsotrace
