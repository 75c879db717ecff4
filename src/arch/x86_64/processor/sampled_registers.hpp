// arch/sampled_registers.hpp says what these are.
#pragma once

#include <asm/perf_regs.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/code/frame.hpp"
#include "vdsotrace/abi.hpp"

namespace vdsotrace::arch {

inline constexpr std::uint64_t kSampledRegisters =
    1u << PERF_REG_X86_BX | 1u << PERF_REG_X86_CX | 1u << PERF_REG_X86_DX | 1u << PERF_REG_X86_SI |
    1u << PERF_REG_X86_DI | 1u << PERF_REG_X86_BP | 1u << PERF_REG_X86_SP | 1u << PERF_REG_X86_IP |
    1u << PERF_REG_X86_R8 | 1u << PERF_REG_X86_R9 | 1u << PERF_REG_X86_R10 | 1u << PERF_REG_X86_R12 |
    1u << PERF_REG_X86_R13 | 1u << PERF_REG_X86_R14 | 1u << PERF_REG_X86_R15;
inline constexpr std::size_t kSampledRegisterCount = 15;

/// Their values in that order: bx, cx, dx, si, di, bp, sp, ip, r8, r9, r10, r12 to r15.
using SampledRegisters = std::array<std::uint64_t, kSampledRegisterCount>;

constexpr std::uint64_t stack_pointer(const SampledRegisters& r) { return r[6]; }
constexpr std::uint64_t program_counter(const SampledRegisters& r) { return r[7]; }
constexpr SampledRegisters moved_to(SampledRegisters r, std::uint64_t address) {
  r[7] = address;
  return r;
}
// x86-64 psABI 3.2.3
constexpr std::array<std::uint64_t, 6> function_arguments(const SampledRegisters& r) {
  return {r[4], r[3], r[2], r[1], r[8], r[9]};
}
// x86-64 psABI A.2.1; i386: arch/x86/entry/entry_64_compat.S
constexpr std::array<std::uint64_t, 6> system_call_arguments(const SampledRegisters& r, Abi abi) {
  if (abi != Abi::i386) return {r[4], r[3], r[2], r[10], r[8], r[9]};
  std::array<std::uint64_t, 6> args{};
  for (std::size_t i = 0; i < args.size(); ++i) args[i] = static_cast<std::uint32_t>(r[i]);
  return args;
}
// Nothing is counted from rax and r11, which are not sampled.
constexpr DwarfRegisters dwarf_registers(const SampledRegisters& r) {
  return {0, r[2], r[1], r[0], r[3], r[4], r[5], r[6], r[8], r[9], r[10], 0, r[11], r[12], r[13], r[14], r[7]};
}
constexpr DwarfRegisters dwarf_registers_32(const SampledRegisters& r) {
  return {0, r[1], r[2], r[0], r[6], r[5], r[3], r[4], r[7]};
}
/// What unwinding begins with, the program counter as the place to return to. x86-64 psABI 3.6.2
constexpr FrameRegisters frame_registers(const SampledRegisters& r) {
  FrameRegisters frame;
  frame[kDwarfFramePointer] = r[5];
  frame[kDwarfStackPointer] = r[6];
  for (unsigned i = 0; i < 4; ++i) frame[12 + i] = r[11 + i];
  frame[kDwarfReturnAddress] = r[7];
  return frame;
}

}  // namespace vdsotrace::arch
