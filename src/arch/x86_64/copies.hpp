// What stubs that record have in common in how they copy (copy_macros.h).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "arch/record_stub.hpp"

namespace vdsotrace::arch {

/// An instruction that loads what a pointer of the program's refers to, and where it goes on if that cannot be read.
struct CopyLoad {
  const std::byte* at;
  const std::byte* without;
};

/// Registers of a thread at that instruction of a template as they are where it goes on without; nothing if it is none
/// of those.
std::optional<Registers> beyond_load(Registers registers, const std::byte* instruction,
                                     std::span<const CopyLoad> loads);

/// Writes the lists that the end of a template has room for: of the entry, of the exit, which word tells cases apart,
/// and those.
void write_copies(std::byte* at, const CopyPlan& copies);

}  // namespace vdsotrace::arch
