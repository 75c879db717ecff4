// What ELF files say of code that we can follow through its frames.
#pragma once

#include <elf.h>

namespace vdsotrace {

inline constexpr unsigned kFollowedMachine = EM_X86_64;             ///< e_machine
inline constexpr unsigned kRelativeRelocation = R_X86_64_RELATIVE;  ///< the base address plus the addend

}  // namespace vdsotrace
