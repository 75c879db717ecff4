// arch/sampled_registers.hpp says what these are.
#pragma once

#include <asm/perf_regs.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace vdsotrace::arch {

inline constexpr std::uint64_t kSampledRegisters = 1u << PERF_REG_X86_CX | 1u << PERF_REG_X86_DX |
                                                   1u << PERF_REG_X86_SI | 1u << PERF_REG_X86_DI |
                                                   1u << PERF_REG_X86_SP | 1u << PERF_REG_X86_IP |
                                                   1u << PERF_REG_X86_R8 | 1u << PERF_REG_X86_R9;
inline constexpr std::size_t kSampledRegisterCount = 8;

/// Their values in that order: cx, dx, si, di, sp, ip, r8, r9.
using SampledRegisters = std::array<std::uint64_t, kSampledRegisterCount>;

constexpr std::uint64_t stack_pointer(const SampledRegisters& r) { return r[4]; }
constexpr std::uint64_t program_counter(const SampledRegisters& r) { return r[5]; }
// x86-64 psABI 3.2.3
constexpr std::array<std::uint64_t, 6> function_arguments(const SampledRegisters& r) {
  return {r[3], r[2], r[1], r[0], r[6], r[7]};
}

}  // namespace vdsotrace::arch
