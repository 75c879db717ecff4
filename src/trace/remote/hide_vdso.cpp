#include "trace/remote/hide_vdso.hpp"

#include <elf.h>

#include <algorithm>

#include "os/memory/remote_memory.hpp"
#include "os/proc/auxv.hpp"

namespace vdsotrace {

bool hide_vdso(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return false;
  const auto vector =
      AuxiliaryVector::on_stack(stopped.memory(), arch::stack_pointer(*registers), arch::runs_64_bit(*registers));
  if (!vector) return false;
  const std::uint64_t ignore = AT_IGNORE;
  const auto word = std::as_bytes(std::span(&ignore, 1)).first(vector->word_size());
  return std::ranges::all_of(vector->entries(), [&](const AuxiliaryVector::Entry& entry) {
    const bool leads_there = entry.type == AT_SYSINFO_EHDR || entry.type == AT_SYSINFO;
    return !leads_there || write_remote(stopped.tid(), entry.address, word);
  });
}

}  // namespace vdsotrace
