#include "engines/inline/code/installed_stubs.hpp"

#include <algorithm>
#include <cstring>

#include "engines/inline/code/signal_frames.hpp"

namespace vdsotrace {

std::vector<std::byte> InstalledStubs::code() const {
  std::vector<std::byte> code = plan->code;
  for (const RegionWord& word : plan->region_words) {
    const std::uint64_t value = area.region() + word.in_region;
    std::memcpy(code.data() + word.offset, &value, sizeof value);
  }
  return code;
}

const MovedFallback* InstalledStubs::fallback_before(std::uint64_t address, std::uint64_t vdso) const {
  const auto found =
      std::ranges::find_if(plan->fallbacks, [&](const MovedFallback& one) { return vdso + one.after == address; });
  return found == plan->fallbacks.end() ? nullptr : &*found;
}

void InstalledStubs::move_out_of_patches(StoppedThread& stopped) const {
  const AddressSpace& space = *stopped.thread().space;
  const auto instead = [&](std::uint64_t counter) -> std::optional<std::uint64_t> {
    const auto offset = space.vdso().offset_of(counter);
    if (!offset || std::ranges::find(plan->patches, *offset, &StubPatch::offset) != plan->patches.end())
      return std::nullopt;
    const auto moved = std::ranges::find(plan->moved, *offset, &MovedInstruction::original);
    return moved != plan->moved.end() ? std::optional(space.vdso().base() + moved->copy) : std::nullopt;
  };
  const auto* registers = stopped.registers();
  const auto now = registers != nullptr ? instead(arch::program_counter(*registers)) : std::nullopt;
  if (now) stopped.set_program_counter(*now);
  visit_saved_counters(stopped, instead);
}

void InstalledStubs::move_back_frames(StoppedThread& stopped) const {
  const std::uint64_t vdso = stopped.thread().space->vdso().base();
  visit_saved_counters(stopped, [&](std::uint64_t counter) -> std::optional<std::uint64_t> {
    const auto moved =
        std::ranges::find_if(plan->moved, [&](const MovedInstruction& one) { return vdso + one.copy == counter; });
    return moved != plan->moved.end() ? std::optional(vdso + moved->original) : std::nullopt;
  });
}

}  // namespace vdsotrace
