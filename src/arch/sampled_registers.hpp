// Which user registers the kernel is asked to put into a perf sample, and what they mean:
//
//   kSampledRegisters            bits of perf_event_attr::sample_regs_user
//   SampledRegisters             an array of their values, in the order of the bits
//   stack_pointer(registers), program_counter(registers)
//   moved_to(registers, address)   the same with that program counter
//   function_arguments(registers)   the first six of a 64-bit C function at its first instruction
//   system_call_arguments(registers, abi)   those of a system call, at its entry and at its exit
//   dwarf_registers(registers), dwarf_registers_32(registers)   of 64-bit and of 32-bit code, as arch/registers.hpp has
//                                  them of stopped threads
//   frame_registers(registers)   what unwinding from the program counter begins with
#pragma once

#include "processor/sampled_registers.hpp"
