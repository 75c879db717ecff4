#include "engines/syscalls/call_memory.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "engines/inline/stub_memory.hpp"

namespace vdsotrace {
namespace {

/// Behind the instruction in the first place of the code.
constexpr std::string_view kName = "vdsotrace-calls";
constexpr std::size_t kNameAt = 16;

bool write_header(pid_t tid, const CallMemory& memory) {
  std::vector<std::byte> header(kNameAt + kName.size() + 1);
  std::ranges::copy(arch::kSystemCallThenTrap, header.begin());
  std::ranges::copy(std::as_bytes(std::span(kName)), header.begin() + kNameAt);
  return write_remote(tid, memory.code(), header);
}

/// Maps counters that a fork's child shares.
Result<SharedMemory> map_counters(StoppedThread& stopped, RemoteCalls& calls, const CallMemory& memory) {
  const auto fd = calls.call(SYS_memfd_create, {memory.code() + kNameAt, MFD_CLOEXEC | MFD_ALLOW_SEALING, 0, 0, 0, 0});
  if (!fd || *fd < 0) return fail("the process could not make shared memory");
  const auto descriptor = static_cast<std::uint64_t>(*fd);
  auto shared =
      SharedMemory::of_descriptor(stopped.tid(), static_cast<int>(*fd), CallCounters::kBytes, CallCounters::kBytes);
  const auto mapped = calls.call(SYS_mmap, {memory.start, CallCounters::kBytes, PROT_READ | PROT_WRITE,
                                            MAP_SHARED | MAP_FIXED_NOREPLACE, descriptor, 0});
  calls.call(SYS_close, {descriptor, 0, 0, 0, 0, 0});
  const bool is_there = mapped && static_cast<std::uint64_t>(*mapped) == memory.start;
  if (shared && !is_there) return fail("the process could not map shared memory");
  if (!shared && is_there) calls.call(SYS_munmap, {memory.start, CallCounters::kBytes, 0, 0, 0, 0});
  return shared;
}

}  // namespace

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
  const auto area = find_stub_area(tid, space.base(), bytes, bytes, false);
  if (!area) return std::nullopt;
  return CallMemory{area->code, area->code + bytes, stub_bytes};
}

Result<std::shared_ptr<CallCounters>> map_call_memory(StoppedThread& stopped, const CallMemory& memory) {
  RemoteCalls calls(stopped);
  if (!map_stub_code(calls, {memory.leave(), memory.code_bytes()}))
    return fail("the process could not map executable memory");
  const bool written = write_header(stopped.tid(), memory);
  auto shared = written ? map_counters(stopped, calls, memory) : fail("its memory could not be written");
  if (shared) return std::make_shared<CallCounters>(std::move(*shared), memory.start, stopped.thread().tgid);
  calls.call(SYS_munmap, {memory.leave(), memory.code_bytes(), 0, 0, 0, 0});
  return tl::unexpected(shared.error());
}

void unmap_call_memory(StoppedThread& stopped, const CallMemory& memory) {
  RemoteCalls(stopped).call(SYS_munmap, {memory.start, memory.bytes(), 0, 0, 0, 0});
}

}  // namespace vdsotrace
