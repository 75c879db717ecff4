#include "engines/syscalls/sites/site_patches.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <span>
#include <utility>

#include "arch/call_stub.hpp"
#include "arch/stubs.hpp"
#include "base/page.hpp"
#include "engines/inline/code/stub_memory.hpp"
#include "engines/syscalls/sites/call_instruction.hpp"
#include "model/code/jumps.hpp"
#include "os/memory/cached_pages.hpp"
#include "os/memory/remote_writes.hpp"
#include "os/proc/proc.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kSlot = kSiteSlot;
/// To what the program has mapped: heaps, stacks and the like grow.
constexpr std::uint64_t kMargin = 0x20'0000;
constexpr std::uint64_t kLowest = 0x1'0000;  // vm.mmap_min_addr, as a rule
/// At the end of what jumps of one site reach, those of others in the program's libraries might not.
constexpr std::uint64_t kNeighbours = 0x400'0000;

bool holds(Memory& memory, const CodeWrite& write) {
  std::vector<std::byte> now(write.bytes.size());
  return memory.read(write.address, now) == now.size() && now == write.bytes;
}

bool hold_all(Memory& memory, const std::vector<CodeWrite>& writes) {
  return std::ranges::all_of(writes, [&](const CodeWrite& write) { return holds(memory, write); });
}

/// A thread that is gone shows none.
bool shows_memory(pid_t stopped) { return ptrace::registers(stopped).has_value(); }

/// The copy of one, and the jump back.
bool is_one_instruction(const RelocatedCode& tail) { return tail.map.size() == 2; }

bool write_all(pid_t pid, std::span<const CodeWrite> writes) {
  return std::ranges::all_of(writes, [&](const CodeWrite& w) { return write_remote(pid, w.address, w.bytes); });
}

/// The last is the jump that leads to the others, to which no thread can come before.
bool write_in_order(StoppedThread& stopped, std::span<const CodeWrite> writes, Others others) {
  if (others == Others::stopped) return write_all(stopped.tid(), writes);
  const CodeWrite& last = writes.back();
  return write_all(stopped.tid(), writes.first(writes.size() - 1)) &&
         poke_text(stopped, {last.address + 1, {last.bytes.begin() + 1, last.bytes.end()}},
                   {last.address, {last.bytes.front()}});
}

/// As we wrote them, or as a fork has copied them while we did so.
bool are_ours(Memory& memory, const std::vector<CodeWrite>& before, const std::vector<CodeWrite>& after) {
  for (std::size_t i = 0; i < after.size(); ++i) {
    std::vector<std::byte> now(after[i].bytes.size());
    if (memory.read(after[i].address, now) != now.size()) return false;
    if (!may_be_half_written(now, before[i], after[i])) return false;
  }
  return true;
}

bool write_backwards(pid_t pid, std::span<const CodeWrite> writes) {
  bool all = true;
  for (auto write = writes.rbegin(); write != writes.rend(); ++write)
    all = write_remote(pid, write->address, write->bytes) && all;
  return all;
}

void write_last(CachedPages& memory, const std::vector<CodeWrite>& writes) {
  memory.write(writes.back().address, writes.back().bytes);
}

void write_but_last(CachedPages& memory, std::span<const CodeWrite> writes) {
  for (const CodeWrite& write : writes.first(writes.size() - 1)) memory.write(write.address, write.bytes);
}

void append(std::vector<std::byte>& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

/// What leads from a slot to `stub`. In front of a tail, where the kernel goes back to for a call that it restarts, is
/// a jump to the slot. Empty if the slot cannot hold it.
std::vector<std::byte> jump_to_stub(const CallSite& site, std::uint64_t slot, std::uint64_t stub) {
  auto bytes = site.front(slot);
  if (!bytes || bytes->size() > kSlot - arch::kFarJumpBytes) return {};
  append(*bytes, arch::make_far_jump(stub));
  if (site.shape != SiteShape::widened) return std::move(*bytes);
  const auto again = arch::short_jump(slot + bytes->size(), slot);
  if (!again) return {};
  append(*bytes, *again);
  return std::move(*bytes);
}

/// Free pages in a range, away from what is mapped: the lowest below `site`, or else the highest, as heaps grow upwards
/// from there and mappings downwards.
std::optional<std::uint64_t> free_pages(pid_t pid, AddressRange within, std::uint64_t site, std::uint64_t bytes) {
  const auto mappings = proc::known_mappings(pid);
  if (!mappings) return std::nullopt;
  std::optional<std::uint64_t> below, above;
  std::uint64_t free_from = kLowest;
  for (const proc::Mapping& mapping : *mappings) {
    const std::uint64_t to = std::min(mapping.start, arch::kHighestUserAddress);
    const std::uint64_t from = whole_pages(std::max(free_from + kMargin, within.start));
    const std::uint64_t end = std::min(to - std::min(to, kMargin), within.end) & ~(kPage - 1);
    const bool fits = end >= from && end - from >= bytes;
    if (fits && from < site && !below) below = from;
    if (fits) above = end - bytes;
    free_from = std::max(free_from, mapping.end);
  }
  return below ? below : above;
}

/// What jumps of the site's neighbours reach as well. All reach the lowest addresses where one of them does.
AddressRange reach_of_all(const AddressRange& reach) {
  if (reach.size() <= 4 * kNeighbours) return reach;
  return {reach.start < kNeighbours ? reach.start : reach.start + kNeighbours, reach.end - kNeighbours};
}

bool holds_all(const AddressRange& outer, const AddressRange& inner) {
  return inner.size() > 0 && outer.contains(inner.start) && outer.contains(inner.end - 1);
}

}  // namespace

bool SitePatches::map_room(StoppedThread& stopped, const CallSite& site, std::uint64_t bytes, Others others) {
  auto place = free_pages(stopped.tid(), reach_of_all(site.stubs), site.address, bytes);
  if (!place) place = free_pages(stopped.tid(), site.stubs, site.address, bytes);
  if (!place) return false;
  RemoteCalls calls(stopped, others);
  if (!map_stub_code(calls, {*place, bytes})) return false;
  rooms_.push_back({*place, bytes, 0});
  return true;
}

std::optional<std::uint64_t> SitePatches::new_slot(StoppedThread& stopped, const CallSite& site, Others others) {
  const auto has_room = [&](const Room& room) {
    return holds_all(site.stubs, room.range()) && room.used + kSlot <= room.bytes;
  };
  auto room = std::ranges::find_if(rooms_, has_room);
  if (room == rooms_.end()) {
    if (!map_room(stopped, site, kPage, others)) return std::nullopt;
    room = rooms_.end() - 1;
  }
  return room->start + std::exchange(room->used, room->used + kSlot);
}

void SitePatches::reserve(StoppedThread& stopped, std::span<const Wanted> wanted) {
  std::vector<const CallSite*> left;
  for (const Wanted& one : wanted) left.push_back(one.site);
  for (const Room& room : rooms_) {
    std::uint64_t free = (room.bytes - room.used) / kSlot;
    std::erase_if(left,
                  [&](const CallSite* site) { return free > 0 && holds_all(site->stubs, room.range()) && free-- > 0; });
  }
  while (!left.empty()) {
    const std::uint64_t bytes = whole_pages(left.size() * kSlot);
    if (!map_room(stopped, *left.front(), bytes, Others::stopped)) return;
    const AddressRange room = rooms_.back().range();
    std::erase_if(left, [&](const CallSite* site) { return holds_all(site->stubs, room); });
  }
}

/// What a slot holds, where that says where its parts are. Nothing if they do not fit into it.
std::optional<std::vector<std::byte>> SitePatches::slot_code(Patched& patched, std::uint64_t stub) {
  const CallSite& site = patched.site;
  std::vector<std::byte> bytes = jump_to_stub(site, patched.slot, stub);
  if (bytes.empty()) return std::nullopt;
  patched.tail = patched.slot + bytes.size();
  if (site.shape == SiteShape::widened) {
    const auto tail = site.tail(patched.tail);
    if (!tail || !is_one_instruction(*tail)) return std::nullopt;
    append(bytes, tail->bytes);
  }
  patched.end = patched.slot + bytes.size();
  return bytes.size() <= kSlot ? std::optional(std::move(bytes)) : std::nullopt;
}

/// `before`: the memory, of which the site has not been written.
std::optional<SitePatches::Prepared> SitePatches::prepare(StoppedThread& stopped, Memory& before, const Wanted& wanted,
                                                          Others others) {
  const CallSite& site = *wanted.site;
  if (site.shape == SiteShape::unpatched || !hold_all(before, site.original)) return std::nullopt;
  if (site.shape == SiteShape::widened && others == Others::running) return std::nullopt;
  const auto slot = new_slot(stopped, site, others);
  if (!slot) return std::nullopt;
  Prepared prepared{{site, {}, *slot}, {}};
  auto jumps = site.patch(*slot);
  auto code = slot_code(prepared.patched, wanted.stub);
  if (!jumps || !code) return std::nullopt;
  prepared.patched.jumps = std::move(*jumps);
  prepared.slot_code = std::move(*code);
  return prepared;
}

bool SitePatches::patch(StoppedThread& stopped, const CallSite& site, std::uint64_t stub, Others others) {
  RemoteMemory before(stopped.tid());
  auto prepared = prepare(stopped, before, {&site, stub}, others);
  if (!prepared || !write_remote(stopped.tid(), prepared->patched.slot, prepared->slot_code)) return false;
  if (!write_in_order(stopped, prepared->patched.jumps, others)) {
    write_backwards(stopped.tid(), site.original);
    return false;
  }
  sites_.insert_or_assign(site.address, std::move(prepared->patched));
  return true;
}

/// First what jumps lead to, then those that no thread can come to yet, and last those that lead to them.
void SitePatches::patch_all(StoppedThread& stopped, std::span<const Wanted> wanted) {
  reserve(stopped, wanted);
  const RemoteWrites together(stopped.tid());
  CachedPages memory(stopped.tid());
  std::vector<const Patched*> all;
  for (const Wanted& one : wanted) {
    auto prepared = prepare(stopped, memory, one, Others::stopped);
    if (!prepared || !memory.write(prepared->patched.slot, prepared->slot_code)) continue;
    all.push_back(&sites_.insert_or_assign(one.site->address, std::move(prepared->patched)).first->second);
  }
  if (!memory.flush()) return;
  for (const Patched* one : all) write_but_last(memory, one->jumps);
  if (!memory.flush()) return;
  for (const Patched* one : all) write_last(memory, one->jumps);
  memory.flush();
}

bool SitePatches::is_in_force(pid_t stopped, std::uint64_t site) const {
  const auto found = sites_.find(site);
  if (found == sites_.end()) return false;
  RemoteMemory memory(stopped);
  return hold_all(memory, found->second.jumps);
}

std::optional<std::uint64_t> SitePatches::site_that_begins(std::uint64_t address) const {
  for (const auto& [site, patched] : sites_) {
    if (patched.jumps.back().address == address) return site;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> SitePatches::tail_of(std::uint64_t site) const {
  const auto found = sites_.find(site);
  if (found == sites_.end() || found->second.site.shape != SiteShape::widened) return std::nullopt;
  return found->second.tail;
}

std::vector<std::uint64_t> SitePatches::widened() const {
  std::vector<std::uint64_t> sites;
  for (const auto& [site, patched] : sites_) {
    if (patched.site.shape == SiteShape::widened) sites.push_back(site);
  }
  return sites;
}

std::optional<SitePatches::OwnPlace> SitePatches::own_place(std::uint64_t address) const {
  for (const auto& [site, patched] : sites_) {
    if (patched.site.jumps_from(address)) return OwnPlace{site, site};
    if (address < patched.slot || address >= patched.end) continue;
    if (address == patched.slot) return OwnPlace{site, site - patched.site.head.size()};
    if (address < patched.tail) return OwnPlace{site, site};
    return OwnPlace{site, address == patched.tail ? behind_site(site) : patched.site.resumes_at()};
  }
  return std::nullopt;
}

bool SitePatches::undo(pid_t stopped, std::uint64_t site) {
  const auto found = sites_.find(site);
  if (found == sites_.end()) return true;
  const Patched& patched = found->second;
  if (!shows_memory(stopped)) return false;
  RemoteMemory now(stopped);
  if (are_ours(now, patched.site.original, patched.jumps) && !write_backwards(stopped, patched.site.original))
    return false;
  sites_.erase(found);
  return true;
}

void SitePatches::look_at_copy(pid_t stopped) {
  for (auto site = sites_.begin(); site != sites_.end();) {
    const std::uint64_t address = (site++)->first;
    if (!is_in_force(stopped, address)) undo(stopped, address);
  }
  std::erase_if(rooms_, [&](const Room& room) { return !RemoteMemory(stopped).object<std::byte>(room.start); });
}

bool SitePatches::undo(pid_t stopped) {
  bool all = true;
  for (auto site = sites_.begin(); site != sites_.end();) all = undo(stopped, (site++)->first) && all;
  return all;
}

/// In the order in which they were written, backwards.
bool SitePatches::undo_all(pid_t stopped) {
  if (sites_.empty()) return true;
  if (!shows_memory(stopped)) return false;
  const RemoteWrites together(stopped);
  CachedPages memory(stopped);
  std::vector<const std::vector<CodeWrite>*> originals;
  for (const auto& [site, patched] : sites_) {
    if (are_ours(memory, patched.site.original, patched.jumps)) originals.push_back(&patched.site.original);
  }
  for (const auto* original : originals) write_last(memory, *original);
  bool all = memory.flush();
  for (const auto* original : originals) write_but_last(memory, *original);
  all = memory.flush() && all;
  if (all) sites_.clear();
  return all;
}

void SitePatches::unmap(StoppedThread& stopped) {
  if (rooms_.empty() || !sites_.empty()) return;
  RemoteCalls calls(stopped);
  for (const Room& room : rooms_) calls.call(SYS_munmap, {room.start, room.bytes, 0, 0, 0, 0});
  rooms_.clear();
}

bool hold_jumps(Memory& memory, const CallSite& site) {
  const std::uint64_t jump = site.original.front().address;
  const auto relative = memory.object<std::int32_t>(jump + kNearJumpSize - sizeof(std::int32_t));
  if (!relative || site.shape == SiteShape::widened) return false;
  const std::uint64_t slot = jump + kNearJumpSize + static_cast<std::uint64_t>(std::int64_t{*relative});
  const auto jumps = site.patch(slot);
  if (!jumps || !are_ours(memory, site.original, *jumps)) return false;
  const auto front = site.front(slot);
  const std::uint64_t far = slot + (front ? front->size() : 0) + arch::kFarJumpBytes;
  const auto stub = memory.object<std::uint64_t>(far - sizeof(std::uint64_t));
  return front && stub && holds(memory, {slot, jump_to_stub(site, slot, *stub)});
}

bool write_original(pid_t stopped, const CallSite& site) { return write_backwards(stopped, site.original); }

}  // namespace vdsotrace
