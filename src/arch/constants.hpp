// Numbers and bytes that differ by processor. CMake chooses the folder of `processor/`; each defines all of these:
//
//   kBreakpoint           the breakpoint instruction (kBreakpointSize: its length)
//   kSystemCall           the instruction by which 64-bit code makes a system call
//   kSystemCallThenTrap   the same, and behind it one that nobody may get to
//   kClockRead            an instruction that reads the counter of counter.hpp
//   kJumpSize             length of a jump that reaches all of a vDSO; kShortJumpSize: of one that reaches its near neighbours
//   kRedZone              bytes below the stack pointer that a function may use (0: none)
//   kStackArguments       how far above its stack pointer a 32-bit function finds its arguments, as words
//   kHighestUserAddress   exclusive end of the addresses that mmap(2) gives a 64-bit program without being asked for higher ones
//   kStackRegion          from here on, as the upper 32 bits of an address, the kernel lays stacks and the vDSO, and little else
//   kVsyscallPage         the legacy vsyscall page, up to kVsyscallPageEnd; both are 0 where there is none
//   kHardwareBreakpoints  how many breakpoints of the processor a thread can have
//   kShadowStackNote      the register set (PTRACE_GETREGSET) that only a thread has whose returns are checked against a stack that
//                         nobody else writes
//   kThreadPointerCall    the system call by which a C library sets a thread's pointer, and kSetThreadPointer, its first
//                         argument then; a name that no call has where none is needed for that
#pragma once

#include "processor/constants.hpp"
