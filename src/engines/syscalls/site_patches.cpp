#include "engines/syscalls/site_patches.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <span>

#include "arch/call_stub.hpp"
#include "arch/stubs.hpp"
#include "base/page.hpp"
#include "engines/inline/stub_memory.hpp"
#include "engines/syscalls/call_instruction.hpp"
#include "os/proc.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kSlot = 64;
constexpr std::uint64_t kTail = 16;  ///< in a slot
static_assert(arch::kFarJumpBytes + arch::kShortJumpSize == kTail);
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

/// The copy of one, and the jump back.
bool is_one_instruction(const RelocatedCode& tail) { return tail.map.size() == 2; }

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

/// Leads to `to`. In front of the tail, where the kernel goes back to for a call that it restarts, is a jump to that.
bool write_slot(pid_t pid, std::uint64_t slot, std::uint64_t to) {
  std::vector<std::byte> bytes = arch::make_far_jump(to);
  const auto again = arch::short_jump(slot + bytes.size(), slot);
  if (!again) return false;
  bytes.insert(bytes.end(), again->begin(), again->end());
  return write_remote(pid, slot, bytes);
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

/// Threads that stand in short jumps between (relayed) or in front of the call (headed) would not be brought out yet:
/// such sites go on stopping.
bool is_followed(SiteShape shape) { return shape == SiteShape::padded || shape == SiteShape::widened; }

}  // namespace

std::optional<std::uint64_t> SitePatches::map_page(StoppedThread& stopped, const CallSite& site) {
  const auto place = free_page(stopped.tid(), site.stubs, site.address);
  if (!place) return std::nullopt;
  RemoteCalls calls(stopped);
  return map_stub_code(calls, {*place, kPage}) ? place : std::nullopt;
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
  if (!is_followed(site.shape) || !hold_all(stopped.tid(), site.original)) return false;
  const auto slot = new_slot(stopped, site);
  if (!slot || !write_slot(stopped.tid(), *slot, stub)) return false;
  Patched patched{site.original, {}, site.padding, *slot, *slot + kTail, site.resumes_at()};
  if (site.shape == SiteShape::widened) {
    const auto tail = site.tail(*slot + kTail);
    if (!tail || !is_one_instruction(*tail) || tail->bytes.size() > kSlot - kTail) return false;
    if (!write_remote(stopped.tid(), *slot + kTail, tail->bytes)) return false;
    patched.tail_end += tail->bytes.size();
  }
  auto writes = site.patch(*slot);
  if (!writes) return false;
  if (!write_in_order(stopped.tid(), *writes)) {
    write_backwards(stopped.tid(), site.original);
    return false;
  }
  patched.after = std::move(*writes);
  sites_[site.address] = std::move(patched);
  return true;
}

std::optional<std::uint64_t> SitePatches::tail_of(std::uint64_t site) const {
  const auto found = sites_.find(site);
  if (found == sites_.end() || found->second.padding != 0) return std::nullopt;
  return found->second.slot + kTail;
}

std::vector<std::uint64_t> SitePatches::widened() const {
  std::vector<std::uint64_t> sites;
  for (const auto& [site, patched] : sites_) {
    if (patched.padding == 0) sites.push_back(site);
  }
  return sites;
}

std::optional<SitePatches::OwnPlace> SitePatches::own_place(std::uint64_t address) const {
  for (const auto& [site, patched] : sites_) {
    const std::uint64_t tail = patched.slot + kTail;
    if (address == patched.slot || (address == patched.padding && address != 0)) return OwnPlace{site, site};
    if (address == tail && tail != patched.tail_end) return OwnPlace{site, behind_site(site)};
    if (address > tail && address < patched.tail_end) return OwnPlace{site, patched.resumes_at};
  }
  return std::nullopt;
}

bool SitePatches::undo(pid_t stopped, std::uint64_t site) {
  const auto found = sites_.find(site);
  if (found == sites_.end()) return true;
  const Patched& patched = found->second;
  // A thread that is gone shows no memory.
  if (!ptrace::registers(stopped)) return false;
  if (hold_all(stopped, patched.after) && !write_backwards(stopped, patched.before)) return false;
  sites_.erase(found);
  return true;
}

bool SitePatches::undo(pid_t stopped) {
  bool all = true;
  for (auto site = sites_.begin(); site != sites_.end();) all = undo(stopped, (site++)->first) && all;
  return all;
}

void SitePatches::unmap(StoppedThread& stopped) {
  if (pages_.empty() || !sites_.empty()) return;
  RemoteCalls calls(stopped);
  for (const Page& page : pages_) calls.call(SYS_munmap, {page.start, kPage, 0, 0, 0, 0});
  pages_.clear();
}

}  // namespace vdsotrace
