// Numbers and bytes that differ by processor. CMake chooses the folder of `processor/`; each defines all of these:
//
//   kBreakpoint           the breakpoint instruction (kBreakpointSize: its length)
//   kSystemCall           the instruction by which 64-bit code makes a system call
//   kSystemCallThenTrap   the same, and behind it one that no thread may get to
//   kClockRead            an instruction that reads the counter of counter.hpp
//   kJumpSize             length of a jump that reaches all of a vDSO
//   kShortJumpSize        length of one that reaches its near neighbours
//   kRedZone              bytes below the stack pointer that a function may use (0: none)
//   kStackArguments       how far above its stack pointer a 32-bit function finds its arguments, as words
//   kHighestUserAddress   end of the addresses that mmap(2) gives a 64-bit program that does not ask for higher ones
//   kStackRegion          upper half of the addresses from which on there are stacks and the vDSO, and little else
//   kVsyscallPage         the legacy vsyscall page, up to kVsyscallPageEnd; both are 0 where there is none
//   kHardwareBreakpoints  how many breakpoints of the processor a thread can have
//   kShadowStackNote      register set (PTRACE_GETREGSET) of threads whose returns are checked by a second stack
//   kThreadPointerCall    the system call by which a C library sets a thread's pointer; no call's name: none does
//   kSetThreadPointer     the first argument of that call then
#pragma once

#include "processor/constants.hpp"
