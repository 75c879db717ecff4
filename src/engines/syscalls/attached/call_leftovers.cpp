#include "engines/syscalls/attached/call_leftovers.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "arch/call_stub.hpp"
#include "engines/inline/code/stub_leftovers.hpp"
#include "engines/syscalls/counters/call_memory.hpp"
#include "engines/syscalls/sites/site_patches.hpp"
#include "model/code/jumps.hpp"
#include "model/code/x86.hpp"
#include "os/memory/cached_pages.hpp"
#include "os/memory/remote_writes.hpp"
#include "os/proc/proc.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

using Bytes = std::vector<std::byte>;

Bytes read(pid_t tid, AddressRange range) {
  Bytes bytes(range.size());
  bytes.resize(RemoteMemory(tid).read(range.start, bytes));
  return bytes;
}

AddressRange range_of(const proc::Mapping& mapping) { return {mapping.start, mapping.end}; }

bool is_anonymous_code(const proc::Mapping& mapping) {
  return mapping.executable && mapping.inode == 0 && mapping.name.empty();
}

/// Stubs and the counters behind them.
std::vector<AddressRange> stubs_in(pid_t tid, std::span<const proc::Mapping> mappings) {
  std::vector<AddressRange> found;
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    if (!is_call_code(tid, mappings[i])) continue;
    AddressRange range = range_of(mappings[i]);
    const bool has_counters = i + 1 < mappings.size() && mappings[i + 1].start == range.end &&
                              mappings[i + 1].name.find(kCallMemoryFile) != std::string::npos;
    if (has_counters) range.end = mappings[i + 1].end;
    found.push_back(range);
  }
  return found;
}

/// Slots (site_patches.hpp) that lead to those stubs: the first begins with an instruction of the program's at most.
bool leads_to(pid_t tid, const proc::Mapping& mapping, const AddressRange& stubs) {
  constexpr std::size_t kFirst = kLongestInstruction + arch::kFarJumpBytes;
  const Bytes first = read(tid, {mapping.start, std::min(mapping.end, mapping.start + kFirst)});
  for (std::size_t at = 0; at + arch::kFarJumpBytes <= first.size(); ++at) {
    std::uint64_t to = 0;
    std::memcpy(&to, first.data() + at + arch::kFarJumpBytes - sizeof to, sizeof to);
    const auto jump = arch::make_far_jump(to);
    if (stubs.contains(to) && std::ranges::equal(jump, std::span(first).subspan(at, jump.size()))) return true;
  }
  return false;
}

/// All that one vdsotrace has left: first the stubs, then the slots that lead to them.
std::vector<AddressRange> parts_of(pid_t tid, const AddressRange& stubs, std::span<const proc::Mapping> mappings) {
  std::vector<AddressRange> parts{stubs};
  for (const proc::Mapping& mapping : mappings) {
    if (is_anonymous_code(mapping) && leads_to(tid, mapping, stubs)) parts.push_back(range_of(mapping));
  }
  return parts;
}

/// Whether anything that looks like a near jump leads from a file's code to a slot in one of the ranges: in a megabyte
/// some bytes look like one to anywhere.
bool jumps_into(pid_t tid, const proc::Mapping& code, std::span<const AddressRange> slots) {
  const Bytes bytes = read(tid, range_of(code));
  for (std::size_t at = 0; at + kNearJumpSize <= bytes.size(); ++at) {
    if (bytes[at] != kNearJumpOpcode) continue;
    std::int32_t relative = 0;
    std::memcpy(&relative, bytes.data() + at + 1, sizeof relative);
    const std::uint64_t behind = code.start + at + kNearJumpSize;
    const std::uint64_t to = behind + static_cast<std::uint64_t>(std::int64_t{relative});
    const auto leads_to_slot = [to](const AddressRange& part) {
      return part.contains(to) && (to - part.start) % kSiteSlot == 0;
    };
    if (std::ranges::any_of(slots, leads_to_slot)) return true;
  }
  return false;
}

}  // namespace

bool has_call_leftovers(pid_t pid, std::span<const NumberedSite> sites) {
  CachedPages memory(pid);
  return std::ranges::any_of(sites, [&](const NumberedSite& one) { return hold_jumps(memory, one.site); });
}

void undo_call_leftovers(pid_t stopped, std::span<const NumberedSite> sites) {
  const RemoteWrites together(stopped);
  CachedPages memory(stopped);
  for (const NumberedSite& one : sites) {
    if (hold_jumps(memory, one.site)) write_original(stopped, one.site);
  }
}

void unmap_call_leftovers(StoppedThread& stopped) {
  const pid_t tid = stopped.tid();
  const auto mappings = proc::mappings(tid);
  const auto is_file = [](const proc::Mapping& mapping) { return mapping.executable && mapping.inode != 0; };
  std::vector<AddressRange> useless;
  for (const AddressRange& stubs : stubs_in(tid, mappings)) {
    const auto parts = parts_of(tid, stubs, mappings);
    const bool is_left = std::ranges::all_of(parts, [&](const auto& part) { return all_are_outside(stopped, part); });
    const auto slots = std::span(parts).subspan(1);
    const auto leads_there = [&](const proc::Mapping& code) { return is_file(code) && jumps_into(tid, code, slots); };
    if (is_left && std::ranges::none_of(mappings, leads_there))
      useless.insert(useless.end(), parts.begin(), parts.end());
  }
  if (useless.empty()) return;
  RemoteCalls calls(stopped);
  for (const AddressRange& part : useless) calls.call(SYS_munmap, {part.start, part.size(), 0, 0, 0, 0});
}

}  // namespace vdsotrace
