#include "engines/stub_leftovers.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "arch/return_stub.hpp"
#include "arch/stub_layout.h"
#include "engines/stub_memory.hpp"
#include "engines/stub_plan.hpp"
#include "engines/stub_space.hpp"
#include "os/proc.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kLargestImage = 1 << 20;

std::optional<StubJournal> journal_in(Memory& memory, const proc::Mapping& mapping) {
  if (!mapping.executable || !mapping.name.empty() || mapping.end - mapping.start < sizeof(StubJournal)) return {};
  const auto magic = memory.object<std::array<char, sizeof kStubMagic>>(mapping.start);
  if (!magic || std::memcmp(magic->data(), kStubMagic, sizeof kStubMagic) != 0) return {};
  const auto journal = memory.object<StubJournal>(mapping.start);
  const bool sound = journal && journal->patch_count <= StubJournal::kMostPatches &&
                     journal->word_count <= StubJournal::kMostWords;
  return sound ? journal : std::nullopt;
}

/// Whether a jump into that code stands at the address.
bool jumps_into(Memory& memory, std::uint64_t address, const proc::Mapping& code) {
  const auto bytes = memory.object<arch::Jump>(address);
  const auto target = bytes ? arch::jump_target(*bytes, address) : std::nullopt;
  return target && *target >= code.start && *target < code.end;
}

void undo(StoppedThread& stopped, const StubJournal& journal, const proc::Mapping& code, const proc::Mapping& vdso) {
  const std::uint64_t size = vdso.end - vdso.start;
  for (const StubJournal::Patch& patch : std::span(journal.patches).first(journal.patch_count)) {
    const bool fits = patch.size >= arch::kJumpSize && patch.size <= sizeof patch.before && patch.offset <= size - patch.size;
    if (!fits || !jumps_into(stopped.memory(), vdso.start + patch.offset, code)) continue;
    write_remote(stopped.tid(), vdso.start + patch.offset, std::span(patch.before).first(patch.size));
  }
}

bool runs_in(pid_t tid, std::uint64_t start, std::uint64_t end) {
  const auto registers = ptrace::registers(tid);
  return registers && arch::program_counter(*registers) >= start && arch::program_counter(*registers) < end;
}

/// Calls that were being made when vdsotrace was killed (RemoteCalls). Their thread has come back, or is just about to.
void erase_return_stubs(StoppedThread& stopped, const proc::Mapping& vdso) {
  std::vector<std::byte> bytes(vdso.end - vdso.start);
  bytes.resize(stopped.memory().read(vdso.start, bytes));
  const auto threads = proc::threads_of(stopped.thread().tgid);
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const std::size_t size = arch::return_stub_at(std::span(bytes).subspan(at));
    const std::uint64_t start = vdso.start + at;
    if (size == 0 || std::ranges::any_of(threads, [&](pid_t tid) { return runs_in(tid, start, start + size); })) continue;
    write_remote(stopped.tid(), start, std::vector<std::byte>(size));
  }
}

/// The memory shared with whoever placed the stubs.
bool is_region_of(const proc::Mapping& mapping, const proc::Mapping& code) {
  return mapping.start == code.end && mapping.end - mapping.start == REGION_BYTES &&
         mapping.name.find(kStubMagic) != std::string::npos;
}

/// All threads of the process that shall tell whether they come back are stopped.
bool all_stopped(const StoppedThread& stopped, std::span<StoppedThread* const> others) {
  return std::ranges::all_of(proc::threads_of(stopped.thread().tgid), [&](pid_t tid) {
    return tid == stopped.tid() || std::ranges::any_of(others, [&](const StoppedThread* one) { return one->tid() == tid; });
  });
}

/// Code whose memory had not been mapped yet: there is no jump into it yet either.
void unmap_unused(StoppedThread& stopped, std::span<const proc::Mapping> codes) {
  if (codes.empty()) return;
  RemoteCalls calls(stopped);
  for (const proc::Mapping& code : codes) calls.call(SYS_munmap, {code.start, code.end - code.start, 0, 0, 0, 0});
}

}  // namespace

void undo_leftovers(StoppedThread& stopped) {
  const auto vdso = proc::vdso_mapping(stopped.tid());
  const std::uint64_t size = vdso ? vdso->end - vdso->start : 0;
  if (size < sizeof(StubJournal::Patch::before) || size > kLargestImage) return;
  erase_return_stubs(stopped, *vdso);
  for (const proc::Mapping& mapping : proc::mappings(stopped.tid())) {
    if (const auto journal = journal_in(stopped.memory(), mapping)) undo(stopped, *journal, mapping, *vdso);
  }
}

void unmap_leftovers(StoppedThread& stopped, std::span<StoppedThread* const> others) {
  std::vector<StubPlace> places;
  std::vector<proc::Mapping> alone;
  const auto mappings = proc::mappings(stopped.tid());
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const proc::Mapping& code = mappings[i];
    if (!journal_in(stopped.memory(), code)) continue;
    if (i + 1 < mappings.size() && is_region_of(mappings[i + 1], code)) {
      places.push_back({code.start, code.end - code.start});
    } else {
      alone.push_back(code);
    }
  }
  unmap_unused(stopped, alone);
  if (places.empty() || !all_stopped(stopped, others)) return;
  const auto comes_back = [&](const StubPlace& place) {
    const auto inside = [&](std::uint64_t word) { return word >= place.code && word < place.region(); };
    return leads_into(stopped, inside) ||
           std::ranges::any_of(others, [&](StoppedThread* one) { return leads_into(*one, inside); });
  };
  std::erase_if(places, comes_back);
  if (places.empty()) return;
  RemoteCalls calls(stopped);
  for (const StubPlace& place : places) unmap_stubs(calls, place);
}

}  // namespace vdsotrace
