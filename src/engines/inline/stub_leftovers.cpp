#include "engines/inline/stub_leftovers.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "arch/return_stub.hpp"
#include "engines/inline/signal_frames.hpp"
#include "engines/inline/stub_exit.hpp"
#include "engines/inline/stub_memory.hpp"
#include "engines/inline/stub_plan.hpp"
#include "os/proc.hpp"
#include "trace/attach/seize.hpp"

namespace vdsotrace {
namespace {

std::optional<StubJournal> journal_in(Memory& memory, const proc::Mapping& mapping) {
  if (!mapping.executable || !mapping.name.empty() || mapping.end - mapping.start < sizeof(StubJournal)) return {};
  const auto magic = memory.object<std::array<char, sizeof kStubMagic>>(mapping.start);
  if (!magic || std::memcmp(magic->data(), kStubMagic, sizeof kStubMagic) != 0) return {};
  const auto journal = memory.object<StubJournal>(mapping.start);
  return journal && journal->patch_count <= StubJournal::kMostPatches ? journal : std::nullopt;
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

bool runs_in(pid_t tid, std::uint64_t start, std::uint64_t end) {
  const auto registers = ptrace::registers(tid);
  return registers && arch::program_counter(*registers) >= start && arch::program_counter(*registers) < end;
}

/// Code in the vDSO by which a thread comes back from a call that it was made to make when vdsotrace was killed.
struct ReturnStub {
  std::uint64_t start = 0;
  std::size_t bytes = 0;
};

std::vector<ReturnStub> return_stubs_in(StoppedThread& stopped, const proc::Mapping& vdso) {
  std::vector<std::byte> bytes(vdso.end - vdso.start);
  bytes.resize(stopped.memory().read(vdso.start, bytes));
  std::vector<ReturnStub> found;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    if (const std::size_t size = arch::return_stub_at(std::span(bytes).subspan(at)))
      found.push_back({vdso.start + at, size});
  }
  return found;
}

/// The memory shared with the vdsotrace that installed the stubs.
bool is_region_of(const proc::Mapping& mapping, const proc::Mapping& code) {
  return mapping.start == code.end && mapping.name.find(kStubMagic) != std::string::npos;
}

/// What a vdsotrace that was killed has left.
struct Leftover {
  StubJournal journal;
  StubArea area;
  std::uint64_t region_bytes = 0;
  std::uint64_t trampolines = 0;  ///< address
  std::uint64_t trampoline_bytes = 0;

  bool contains(std::uint64_t address) const {
    return address - area.code < area.code_bytes || address - trampolines < trampoline_bytes;
  }
};

Leftover leftover_of(const proc::Mapping& code, const StubJournal& journal, const proc::Mapping& vdso) {
  Leftover left{journal, {code.start, code.end - code.start}};
  if (!lies_in(vdso, journal.trampolines, journal.trampoline_bytes)) return left;
  left.trampolines = vdso.start + journal.trampolines;
  left.trampoline_bytes = journal.trampoline_bytes;
  return left;
}

/// Whether that program counter is there, or one to which a signal handler with a frame on that stack will return.
bool leads_into(std::uint64_t counter, std::uint64_t stack_pointer, Memory& memory, const Leftover& left) {
  bool leads = left.contains(counter);
  visit_saved_counters(stack_pointer, memory,
                       [&](std::uint64_t saved, std::uint64_t) { leads = leads || left.contains(saved); });
  return leads;
}

/// Of a thread that has not stopped: whether it sleeps where nothing but the end of its call wakes it, as the parent of
/// a vfork does, and goes on elsewhere.
bool sleeps_elsewhere(pid_t tid, Memory& memory, const Leftover& left) {
  if (proc::state(tid) != 'D') return false;
  const auto at = proc::blocked_at(tid);
  return at && !leads_into(at->program_counter, at->stack_pointer, memory, left);
}

/// Whether the thread is out of it for good. If it is in it and stopped, it is brought out.
bool is_out(pid_t tid, Memory& memory, const Leftover& left) {
  if (!ptrace::registers(tid)) return proc::has_ended(tid) || sleeps_elsewhere(tid, memory, left);
  if (!leave_abandoned_stub(tid, memory, [&](std::uint64_t address) { return left.contains(address); })) return false;
  const auto now = ptrace::registers(tid);
  return now && !leads_into(arch::program_counter(*now), arch::stack_pointer(*now), memory, left);
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

/// Whether all are out of it for good. Those that are in it are brought out. False also where its threads cannot be
/// seen.
bool is_left(StoppedThread& stopped, std::span<const pid_t> threads, const Leftover& left) {
  bool all = !threads.empty();
  for (const pid_t tid : threads) all = is_out(tid, stopped.memory(), left) && all;
  stopped.forget_registers();
  return all;
}

void clear(StoppedThread& stopped, const Leftover& left) {
  if (left.trampoline_bytes != 0)
    write_remote(stopped.tid(), left.trampolines, std::vector<std::byte>(left.trampoline_bytes));
}

std::vector<Leftover> leftovers_in(StoppedThread& stopped, const proc::Mapping& vdso) {
  std::vector<Leftover> found;
  const auto mappings = proc::mappings(stopped.tid());
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const auto journal = journal_in(stopped.memory(), mappings[i]);
    if (!journal) continue;
    Leftover& left = found.emplace_back(leftover_of(mappings[i], *journal, vdso));
    if (i + 1 < mappings.size() && is_region_of(mappings[i + 1], mappings[i]))
      left.region_bytes = mappings[i + 1].end - mappings[i + 1].start;
  }
  return found;
}

}  // namespace

void undo_leftovers(StoppedThread& stopped) {
  const auto vdso = proc::vdso_mapping(stopped.tid());
  const std::uint64_t size = vdso ? vdso->end - vdso->start : 0;
  if (size < sizeof(StubJournal::Patch::before) || size > kLargestVdso) return;
  const auto return_stubs = return_stubs_in(stopped, *vdso);
  const auto lefts = leftovers_in(stopped, *vdso);
  // Mostly there is nothing, and no thread need be looked for.
  if (return_stubs.empty() && lefts.empty()) return;
  const std::vector<pid_t> threads = threads_in_memory_of(stopped.thread().tgid);
  for (const ReturnStub& stub : return_stubs) {
    const auto is_in = [&stub](pid_t tid) { return runs_in(tid, stub.start, stub.start + stub.bytes); };
    if (std::ranges::none_of(threads, is_in))
      write_remote(stopped.tid(), stub.start, std::vector<std::byte>(stub.bytes));
  }
  for (const Leftover& left : lefts) {
    undo(stopped, left.journal, *vdso);
    if (is_left(stopped, threads, left)) clear(stopped, left);
  }
}

void unmap_leftovers(StoppedThread& stopped, std::span<StoppedThread* const> others) {
  const auto vdso = proc::vdso_mapping(stopped.tid());
  if (!vdso) return;
  auto lefts = leftovers_in(stopped, *vdso);
  if (lefts.empty()) return;
  const std::vector<pid_t> threads = threads_in_memory_of(stopped.thread().tgid);
  std::erase_if(lefts, [&](const Leftover& left) { return !is_left(stopped, threads, left); });
  for (StoppedThread* other : others) other->forget_registers();
  if (lefts.empty()) return;
  RemoteCalls calls(stopped);
  for (const Leftover& left : lefts) unmap_stubs(calls, left.area, left.region_bytes);
}

}  // namespace vdsotrace
