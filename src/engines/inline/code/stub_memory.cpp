#include "engines/inline/code/stub_memory.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>

#include "arch/constants.hpp"
#include "arch/stub_layout.h"
#include "os/proc/proc.hpp"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U  // Linux 6.3
#endif

namespace vdsotrace {
namespace {

constexpr std::uint64_t kUsualDistance = 0x4000'0000;
/// What the program maps later grows towards us from the vDSO's side: thread stacks and heaps of many gigabytes, mostly
/// of address space alone.
constexpr std::uint64_t kRoomyDistance = std::uint64_t{1} << 38;
constexpr std::uint64_t kMargin = 0x10'0000;  // to what others have mapped
constexpr std::uint64_t kHugePage = 0x20'0000;
/// Of the memory of one process: blocks for some 12,000 threads.
constexpr std::uint64_t kMostShared = std::uint64_t{512} << 20;

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; }

std::uint64_t below(std::uint64_t address, std::uint64_t distance) {
  return address > distance ? address - distance : 0;
}

std::uint64_t whole_huge_pages(std::uint64_t size) { return kHugePage * ((size + kHugePage - 1) / kHugePage); }

/// That which is nearest to the wished one, with a margin on either side.
std::optional<std::uint64_t> free_place(std::span<const proc::Mapping> mappings, std::uint64_t wished,
                                        std::uint64_t size) {
  std::optional<std::uint64_t> best;
  const auto consider = [&](std::uint64_t from, std::uint64_t to) {
    if (to < from || to - from < size + 2 * kMargin) return;
    const std::uint64_t at = std::clamp(wished, from + kMargin, to - kMargin - size) & ~std::uint64_t{0xfff};
    if (at < from) return;
    if (!best || distance(at, wished) < distance(*best, wished)) best = at;
  };
  std::uint64_t free_from = 0x10000;
  for (const proc::Mapping& mapping : mappings) {
    consider(free_from, std::min(mapping.start, arch::kHighestUserAddress));
    free_from = std::max(free_from, mapping.end);
  }
  consider(free_from, arch::kHighestUserAddress);
  return best;
}

bool succeeded(const std::optional<std::int64_t>& result) { return result && *result >= 0; }

Error refused(std::string_view what) { return {0, std::string("the process could not ") + std::string(what), {}}; }

}  // namespace

std::optional<StubArea> find_stub_area(pid_t pid, std::uint64_t vdso, std::uint64_t code_bytes, std::uint64_t size,
                                       bool grows) {
  const auto mappings = proc::known_mappings(pid);
  if (!mappings) return std::nullopt;
  std::optional<std::uint64_t> place;
  if (grows) place = free_place(*mappings, below(vdso, kRoomyDistance), size + kMostShared);
  if (!place) place = free_place(*mappings, below(vdso, kUsualDistance + whole_huge_pages(size)), size);
  if (!place) return std::nullopt;
  return StubArea{*place, code_bytes};
}

bool map_stub_code(RemoteCalls& calls, const StubArea& area) {
  const auto mapped = calls.call(SYS_mmap,
                                 {area.code, area.code_bytes, PROT_READ | PROT_EXEC,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, ~std::uint64_t{0}, 0},
                                 arch::OrphanCleanup::unmap);
  if (!mapped || *mapped < 0) return false;
  if (static_cast<std::uint64_t>(*mapped) == area.code) return true;
  // Before 4.17 the flag is unknown and the address only a wish.
  calls.call(SYS_munmap, {static_cast<std::uint64_t>(*mapped), area.code_bytes, 0, 0, 0, 0});
  return false;
}

Result<std::unique_ptr<StubRegion>> map_stub_region(
    StoppedThread& stopped, RemoteCalls& calls, const StubArea& area, std::uint64_t name, std::uint64_t bytes,
    bool replace, const std::function<std::unique_ptr<StubRegion>(SharedMemory)>& make) {
  constexpr std::uint64_t kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  auto fd = calls.call(SYS_memfd_create, {name, kFlags | MFD_NOEXEC_SEAL, 0, 0, 0, 0}, arch::OrphanCleanup::close);
  if (fd && *fd == -EINVAL) fd = calls.call(SYS_memfd_create, {name, kFlags, 0, 0, 0, 0}, arch::OrphanCleanup::close);
  if (!succeeded(fd)) return tl::unexpected(refused("make shared memory"));
  auto memory = SharedMemory::of_descriptor(stopped.tid(), static_cast<int>(*fd), bytes, kMostShared);
  std::unique_ptr<StubRegion> region;
  std::optional<std::int64_t> mapped;
  if (memory) {
    region = make(std::move(*memory));
    const int fixed = replace ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    mapped = calls.call(SYS_mmap,
                        {area.region(), bytes, PROT_READ | PROT_WRITE, static_cast<std::uint64_t>(MAP_SHARED | fixed),
                         static_cast<std::uint64_t>(*fd), 0},
                        arch::OrphanCleanup::close_mapped);
  }
  calls.call(SYS_close, {static_cast<std::uint64_t>(*fd), 0, 0, 0, 0, 0});
  if (!memory) return tl::unexpected(memory.error());
  if (!mapped || static_cast<std::uint64_t>(*mapped) != area.region())
    return tl::unexpected(refused("map shared memory"));
  return region;
}

void grow_stub_region(RemoteCalls& calls, const StubArea& area, StubRegion& region, std::size_t threads) {
  const std::uint64_t wanted = region.blocks().bytes_wanted(threads);
  if (wanted <= region.bytes()) return;
  const auto grown = calls.call(SYS_mremap, {area.region(), region.bytes(), wanted, 0, 0, 0});
  if (grown && static_cast<std::uint64_t>(*grown) == area.region()) region.blocks().grow(wanted);
}

void unlock_stub_region(RemoteCalls& calls, const StubArea& area, std::uint64_t bytes) {
  calls.call(SYS_munlock, {area.code, area.code_bytes + bytes, 0, 0, 0, 0});
}

void unmap_stubs(RemoteCalls& calls, const StubArea& area, std::uint64_t region_bytes) {
  // The instruction that makes the call may lie in what is unmapped: it is not executed again.
  calls.call(SYS_munmap, {area.code, area.code_bytes + region_bytes, 0, 0, 0, 0});
}

}  // namespace vdsotrace
