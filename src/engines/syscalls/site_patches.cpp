#include "engines/syscalls/site_patches.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <span>

#include "arch/call_stub.hpp"
#include "os/proc.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kSlot = 16;
static_assert(arch::kFarJumpBytes <= kSlot);
/// To what the program has mapped: heaps, stacks and the like grow.
constexpr std::uint64_t kMargin = 0x20'0000;
constexpr std::uint64_t kLowest = 0x1'0000;  // vm.mmap_min_addr, as a rule

bool holds(pid_t pid, const CodeWrite& write) {
  std::vector<std::byte> now(write.bytes.size());
  return RemoteMemory(pid).read(write.address, now) == now.size() && now == write.bytes;
}

bool hold_all(pid_t pid, const std::vector<CodeWrite>& writes) {
  return std::ranges::all_of(writes, [&](const CodeWrite& write) { return holds(pid, write); });
}

/// The last is the jump that leads to the others.
bool write_in_order(pid_t pid, const std::vector<CodeWrite>& writes) {
  return std::ranges::all_of(writes, [&](const CodeWrite& w) { return write_remote(pid, w.address, w.bytes); });
}

bool write_backwards(pid_t pid, std::span<const CodeWrite> writes) {
  bool all = true;
  for (auto write = writes.rbegin(); write != writes.rend(); ++write)
    all = write_remote(pid, write->address, write->bytes) && all;
  return all;
}

/// A free page in a range, away from what is mapped: the lowest below `site`, or else the highest, as heaps grow
/// upwards from there and mappings downwards.
std::optional<std::uint64_t> free_page(pid_t pid, AddressRange within, std::uint64_t site) {
  const auto mappings = proc::known_mappings(pid);
  if (!mappings) return std::nullopt;
  std::optional<std::uint64_t> below, above;
  std::uint64_t free_from = kLowest;
  for (const proc::Mapping& mapping : *mappings) {
    const std::uint64_t to = std::min(mapping.start, arch::kHighestUserAddress);
    const std::uint64_t from = (std::max(free_from + kMargin, within.start) + kPage - 1) & ~(kPage - 1);
    const std::uint64_t end = std::min(to - std::min(to, kMargin), within.end) & ~(kPage - 1);
    if (end >= from + kPage && from < site && !below) below = from;
    if (end >= from + kPage) above = end - kPage;
    free_from = std::max(free_from, mapping.end);
  }
  return below ? below : above;
}

}  // namespace

std::optional<std::uint64_t> SitePatches::map_page(StoppedThread& stopped, const CallSite& site) {
  const auto place = free_page(stopped.tid(), site.stubs, site.address);
  if (!place) return std::nullopt;
  RemoteCalls calls(stopped);
  const auto mapped = calls.call(SYS_mmap, {*place, kPage, PROT_READ | PROT_EXEC,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, ~std::uint64_t{0}, 0});
  return mapped && static_cast<std::uint64_t>(*mapped) == *place ? place : std::nullopt;
}

std::optional<std::uint64_t> SitePatches::new_slot(StoppedThread& stopped, const CallSite& site) {
  const auto has_room = [&](const Page& page) {
    return site.stubs.contains(page.start) && site.stubs.contains(page.start + kPage - 1) && page.used < kPage / kSlot;
  };
  auto page = std::ranges::find_if(pages_, has_room);
  if (page == pages_.end()) {
    const auto start = map_page(stopped, site);
    if (!start) return std::nullopt;
    page = pages_.insert(pages_.end(), {*start, 0});
  }
  return page->start + kSlot * page->used++;
}

bool SitePatches::patch(StoppedThread& stopped, const CallSite& site, std::uint64_t stub) {
  if (site.shape != SiteShape::padded || !hold_all(stopped.tid(), site.original)) return false;
  const auto slot = new_slot(stopped, site);
  if (!slot || !write_remote(stopped.tid(), *slot, arch::make_far_jump(stub))) return false;
  auto writes = site.patch(*slot);
  if (!writes) return false;
  if (!write_in_order(stopped.tid(), *writes)) {
    write_backwards(stopped.tid(), site.original);
    return false;
  }
  sites_[site.address] = {site.original, std::move(*writes), site.padding, *slot};
  return true;
}

std::optional<std::uint64_t> SitePatches::site_behind(std::uint64_t address) const {
  const auto found = std::ranges::find_if(
      sites_, [&](const auto& entry) { return entry.second.padding == address || entry.second.slot == address; });
  return found != sites_.end() ? std::optional(found->first) : std::nullopt;
}

bool SitePatches::undo(pid_t stopped) {
  std::erase_if(sites_, [&](const auto& entry) {
    const Patched& patched = entry.second;
    return !hold_all(stopped, patched.after) || write_backwards(stopped, patched.before);
  });
  return sites_.empty();
}

void SitePatches::unmap(StoppedThread& stopped) {
  if (pages_.empty() || !sites_.empty()) return;
  RemoteCalls calls(stopped);
  for (const Page& page : pages_) calls.call(SYS_munmap, {page.start, kPage, 0, 0, 0, 0});
  pages_.clear();
}

}  // namespace vdsotrace
