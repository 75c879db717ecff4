// The registers of x86-64, and of i386 in the same structure.
#pragma once

#include <sys/user.h>

#include <cstddef>

namespace vdsotrace::arch {

using Registers = user_regs_struct;

/// Stack pointer, program counter, flags and segments follow each other (sigcontext in uapi/asm/sigcontext.h).
inline constexpr std::size_t kSavedContextWords = 4;
/// In front of the segments lie r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx and these three.
inline constexpr std::size_t kSavedRegisters = 18;
inline constexpr std::size_t kSavedCounter = 16;

}  // namespace vdsotrace::arch
