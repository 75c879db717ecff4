// An ELF file as libelf has it, which ends with its owner.
#pragma once

#include <libelf.h>

#include <memory>

namespace vdsotrace {

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using OwnedElf = std::unique_ptr<Elf, ElfEnd>;

}  // namespace vdsotrace
