#include "engines/inline/code/stub_leftovers.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "arch/return_stub.hpp"
#include "engines/inline/code/abandoned_code.hpp"
#include "engines/inline/code/call_code.hpp"
#include "engines/inline/code/stub_memory.hpp"
#include "engines/inline/plan/stub_plan.hpp"
#include "model/vdso/elf.hpp"
#include "os/proc/proc.hpp"
#include "trace/attach/seize.hpp"

namespace vdsotrace {
namespace {

bool is_possible(const StubJournal& journal) {
  return journal.patch_count <= StubJournal::kMostPatches && journal.moved_count <= StubJournal::kMostMoved &&
         journal.copy_count <= StubJournal::kMostCopies;
}

std::optional<StubJournal> journal_in(Memory& memory, const proc::Mapping& mapping) {
  if (!mapping.executable || !mapping.name.empty() || mapping.end - mapping.start < sizeof(StubJournal)) return {};
  const auto magic = memory.object<std::array<char, sizeof kStubMagic>>(mapping.start);
  if (!magic || std::memcmp(magic->data(), kStubMagic, sizeof kStubMagic) != 0) return {};
  const auto journal = memory.object<StubJournal>(mapping.start);
  return journal && is_possible(*journal) ? journal : std::nullopt;
}

bool lies_in(const proc::Mapping& vdso, std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t all = vdso.end - vdso.start;
  return size <= all && offset <= all - size;
}

void undo(StoppedThread& stopped, const StubJournal& journal, const proc::Mapping& vdso) {
  for (const StubJournal::Patch& patch : std::span(journal.patches).first(journal.patch_count)) {
    if (patch.size > sizeof patch.before || !lies_in(vdso, patch.offset, patch.size)) continue;
    std::array<std::byte, sizeof patch.before> now{};
    const auto there = std::span(now).first(patch.size);
    const auto after = std::span(patch.after).first(patch.size);
    if (stopped.memory().read(vdso.start + patch.offset, there) != patch.size || !std::ranges::equal(there, after))
      continue;
    write_remote(stopped.tid(), vdso.start + patch.offset, std::span(patch.before).first(patch.size));
  }
}

/// Code in the vDSO by which a thread comes back from a call that it was made to make when vdsotrace was killed.
std::vector<AbandonedCode> return_stubs_in(StoppedThread& stopped, const proc::Mapping& vdso) {
  std::vector<std::byte> bytes(vdso.end - vdso.start);
  bytes.resize(stopped.memory().read(vdso.start, bytes));
  std::vector<AbandonedCode> found;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const std::size_t size = arch::return_stub_at(std::span(bytes).subspan(at));
    if (size == 0) continue;
    AbandonedCode& stub = found.emplace_back();
    stub.code = {vdso.start + at, vdso.start + at + size};
    stub.is_return_stub = true;
  }
  return found;
}

/// The memory shared with the vdsotrace that installed the stubs.
bool is_region_of(const proc::Mapping& mapping, const proc::Mapping& code) {
  return mapping.start == code.end && mapping.name.find(kStubMagic) != std::string::npos;
}

/// Whether trampolines lie there that lead to that code.
bool lead_to(const AddressRange& code, const AddressRange& trampolines, Memory& memory) {
  std::vector<std::byte> bytes(trampolines.size());
  bytes.resize(memory.read(trampolines.start, bytes));
  for (std::size_t at = 0; at + sizeof(std::uint64_t) <= bytes.size(); ++at) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if (code.contains(word)) return true;
  }
  return false;
}

/// Where the image of that vDSO ends. It may be another one than the stubs were made for, if the process was restored
/// from a checkpoint.
std::uint64_t unused_from(Memory& memory, const proc::Mapping& vdso) {
  std::vector<std::byte> bytes(vdso.end - vdso.start);
  bytes.resize(memory.read(vdso.start, bytes));
  const auto facts = read_elf(bytes);
  return facts ? facts->unused_from : vdso.end - vdso.start;
}

AbandonedCode stubs_in(Memory& memory, const proc::Mapping& code, const StubJournal& journal,
                       const proc::Mapping& vdso) {
  AbandonedCode stubs{{code.start, code.end}, {code.end, code.end}, {}, {vdso.start, vdso.end}};
  stubs.journal = journal;
  if (!lies_in(vdso, journal.trampolines, journal.trampoline_bytes)) return stubs;
  if (journal.trampolines < unused_from(memory, vdso)) return stubs;
  const std::uint64_t first = vdso.start + journal.trampolines;
  stubs.trampolines = {first, first + journal.trampoline_bytes};
  return stubs;
}

/// Stubs may outlast their trampolines, and trampolines of others may lie there now. Trampolines that lead nowhere were
/// only partly written or cleared before vdsotrace was killed.
void forget_trampolines_of_others(std::span<AbandonedCode> all, Memory& memory) {
  std::vector<AbandonedCode*> without;
  for (AbandonedCode& stubs : all) {
    const auto own = [&](const AbandonedCode& one) { return lead_to(one.code, stubs.trampolines, memory); };
    if (!own(stubs) && std::ranges::any_of(all, own)) without.push_back(&stubs);
  }
  for (AbandonedCode* stubs : without) stubs->trampolines = {};
}

/// Whether a thread that has not stopped sleeps where nothing but the end of its call wakes it, as the parent of a
/// vfork does, and goes on elsewhere.
bool sleeps_elsewhere(pid_t tid, Memory& memory, const AbandonedCode& left) {
  if (proc::state(tid) != 'D') return false;
  const auto at = proc::blocked_at(tid);
  return at && !leads_into(at->program_counter, at->stack_pointer, memory, left);
}

/// Whether the thread is out of the code for good. If it is stopped in the code, it is brought out.
bool is_out(pid_t tid, Memory& memory, const AbandonedCode& left) {
  if (!ptrace::registers(tid)) return proc::has_ended(tid) || sleeps_elsewhere(tid, memory, left);
  return leave_abandoned_code(tid, memory, left);
}

/// All that run in the memory of that process, also those of other processes.
std::vector<pid_t> threads_in_memory_of(pid_t pid) {
  std::vector<pid_t> threads = proc::threads_of(pid);
  if (threads.empty()) return threads;
  for (const pid_t sharer : sharers_of(pid)) {
    const std::vector<pid_t> more = proc::threads_of(sharer);
    threads.insert(threads.end(), more.begin(), more.end());
  }
  return threads;
}

/// Whether all threads are out of the code for good. Those that are in it are brought out. False also where the threads
/// of the process cannot be seen.
bool is_left(StoppedThread& stopped, std::span<const pid_t> threads, const AbandonedCode& left) {
  bool all = !threads.empty();
  for (const pid_t tid : threads) all = is_out(tid, stopped.memory(), left) && all;
  stopped.forget_registers();
  return all;
}

void clear(StoppedThread& stopped, const AbandonedCode& left) {
  const AddressRange& in_vdso = left.is_return_stub ? left.code : left.trampolines;
  if (in_vdso.size() != 0) clear_remote(stopped.tid(), in_vdso.start, in_vdso.size());
}

std::vector<AbandonedCode> abandoned_stubs(StoppedThread& stopped, const proc::Mapping& vdso) {
  std::vector<AbandonedCode> found;
  const auto mappings = proc::mappings(stopped.tid());
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const auto journal = journal_in(stopped.memory(), mappings[i]);
    if (!journal) continue;
    AbandonedCode& left = found.emplace_back(stubs_in(stopped.memory(), mappings[i], *journal, vdso));
    if (i + 1 < mappings.size() && is_region_of(mappings[i + 1], mappings[i])) left.region.end = mappings[i + 1].end;
  }
  forget_trampolines_of_others(found, stopped.memory());
  return found;
}

}  // namespace

bool undo_leftovers(StoppedThread& stopped) {
  const auto vdso = proc::vdso_mapping(stopped.tid());
  const std::uint64_t size = vdso ? vdso->end - vdso->start : 0;
  if (size < sizeof(StubJournal::Patch::before) || size > kLargestVdso) return true;
  const auto return_stubs = return_stubs_in(stopped, *vdso);
  const auto stubs = abandoned_stubs(stopped, *vdso);
  // Mostly there is nothing, and no thread need be looked for.
  if (return_stubs.empty() && stubs.empty()) return true;
  const std::vector<pid_t> threads = threads_in_memory_of(stopped.thread().tgid);
  bool all = true;
  // From return stubs, threads may come back to the other stubs.
  for (const auto* codes : {&return_stubs, &stubs}) {
    for (const AbandonedCode& left : *codes) {
      undo(stopped, left.journal, *vdso);
      const bool empty = is_left(stopped, threads, left);
      if (empty) clear(stopped, left);
      all = all && empty;
    }
  }
  return all;
}

void unmap_leftovers(StoppedThread& stopped, std::span<StoppedThread* const> others) {
  const auto vdso = proc::vdso_mapping(stopped.tid());
  if (!vdso) return;
  auto lefts = abandoned_stubs(stopped, *vdso);
  if (lefts.empty()) return;
  const std::vector<pid_t> threads = threads_in_memory_of(stopped.thread().tgid);
  const auto mappings = proc::mappings(stopped.tid());
  std::erase_if(lefts, [&](const AbandonedCode& left) {
    return !is_left(stopped, threads, left) || is_written_by_call_code(stopped.tid(), mappings, left.region);
  });
  for (StoppedThread* other : others) other->forget_registers();
  if (lefts.empty()) return;
  RemoteCalls calls(stopped);
  for (const AbandonedCode& left : lefts) unmap_stubs(calls, {left.code.start, left.code.size()}, left.region.size());
}

bool all_are_outside(StoppedThread& stopped, const AddressRange& code) {
  AbandonedCode left;
  left.code = code;
  Memory& memory = stopped.memory();
  const auto threads = threads_in_memory_of(stopped.thread().tgid);
  return !threads.empty() && std::ranges::all_of(threads, [&](pid_t tid) {
    const auto registers = ptrace::registers(tid);
    if (!registers) return proc::has_ended(tid) || sleeps_elsewhere(tid, memory, left);
    return !leads_into(arch::program_counter(*registers), arch::stack_pointer(*registers), memory, left);
  });
}

}  // namespace vdsotrace
