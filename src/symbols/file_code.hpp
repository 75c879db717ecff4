// The code of an ELF file and the functions in it, without a process.
#pragma once

#include <libelf.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/code/function_table.hpp"

namespace vdsotrace {

/// What the file has of one executable segment. Its address is that before relocation.
struct CodeSegment {
  std::uint64_t address = 0;
  std::vector<std::byte> bytes;
};

/// All of them; none of a file that is not for the machine whose code we can follow, or larger than any program. `fd`:
/// the file that `elf` is of.
std::vector<CodeSegment> code_segments_of(Elf* elf, int fd);

/// All functions that the file's unwind information (.eh_frame), its symbols or Go's table know. Where these are
/// missing, as of the hidden functions of a stripped library that was built without unwind information, there are gaps.
FunctionTable functions_of(Elf* elf);

}  // namespace vdsotrace
