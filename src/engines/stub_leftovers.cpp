#include "engines/stub_leftovers.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "engines/stub_plan.hpp"
#include "os/proc.hpp"

namespace vdsotrace {
namespace {

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

}  // namespace

void undo_leftovers(StoppedThread& stopped) {
  const auto vdso = proc::vdso_mapping(stopped.tid());
  if (!vdso || vdso->end - vdso->start < sizeof(StubJournal::Patch::before)) return;
  for (const proc::Mapping& mapping : proc::mappings(stopped.tid())) {
    if (const auto journal = journal_in(stopped.memory(), mapping)) undo(stopped, *journal, mapping, *vdso);
  }
}

}  // namespace vdsotrace
