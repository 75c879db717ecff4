// arch/constants.hpp says what these are.
#pragma once

#include <asm/prctl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vdsotrace::arch {

inline constexpr std::array<std::byte, 1> kBreakpoint{std::byte{0xcc}};  // int3
inline constexpr std::size_t kBreakpointSize = kBreakpoint.size();
inline constexpr std::array<std::byte, 2> kSystemCall{std::byte{0x0f}, std::byte{0x05}};  // syscall
inline constexpr std::byte kSystemCallThenTrap[] = {std::byte{0x0f}, std::byte{0x05},
                                                    std::byte{0xcc}};                    // syscall, int3
inline constexpr std::array<std::byte, 2> kClockRead{std::byte{0x0f}, std::byte{0x31}};  // rdtsc
inline constexpr std::size_t kJumpSize = 5;                                              // JMP rel32, Intel SDM
inline constexpr std::size_t kShortJumpSize = 2;                                         // JMP rel8

inline constexpr std::uint64_t kRedZone = 128;                           // x86-64 psABI 3.2.2
inline constexpr std::uint64_t kStackArguments = sizeof(std::uint32_t);  // behind the return address, i386 psABI 2.2.3
inline constexpr std::uint64_t kHighestUserAddress = 0x7fff'ffff'f000;   // TASK_SIZE with four levels of page tables

inline constexpr std::uint32_t kStackRegion = 0x7ffc;  // the last 16 GiB below 2^47, arch/x86/mm/mmap.c

inline constexpr std::uint64_t kVsyscallPage = 0xffff'ffff'ff60'0000;  // arch/x86/entry/vsyscall
inline constexpr std::uint64_t kVsyscallPageEnd = kVsyscallPage + 0x1000;

inline constexpr std::size_t kHardwareBreakpoints = 4;  // DR0 to DR3

inline constexpr std::uintptr_t kShadowStackNote = 0x204;  // NT_X86_SHSTK, uapi/linux/elf.h of Linux 6.6

inline constexpr std::string_view kThreadPointerCall = "arch_prctl";
inline constexpr std::uint64_t kSetThreadPointer = ARCH_SET_FS;

}  // namespace vdsotrace::arch
