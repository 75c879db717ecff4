// What differs by processor: where the registers are that a tracer asks for, and
// what a breakpoint looks like.
#pragma once

#include <sys/user.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vdsotrace/abi.hpp"

namespace vdsotrace::arch {

using Registers = user_regs_struct;

/// Bytes of the breakpoint instruction; the program counter stands behind it in the stop.
inline constexpr std::array<std::byte, 1> kBreakpoint{std::byte{0xcc}};
inline constexpr std::size_t kBreakpointSize = kBreakpoint.size();

std::uint64_t program_counter(const Registers& registers);
std::uint64_t stack_pointer(const Registers& registers);
/// What tells the threads of a process apart without asking the kernel: the fs base.
std::uint64_t thread_pointer(const Registers& registers);
/// Offsets in `struct user`, for ptrace::set_user_word.
std::size_t program_counter_offset();
/// That of a system call's first argument.
std::size_t first_argument_offset(Abi abi);

/// Whether the program itself asks for a trap behind every instruction (the kernel hides that we do).
bool traps_every_step(const Registers& registers);

/// Whether the thread runs 64-bit code.
bool runs_64_bit(const Registers& registers);

/// The registers by their DWARF numbers, of 64-bit code (x86-64 psABI 3.6.2) or 32-bit code (i386 psABI 2.5.1).
std::array<std::uint64_t, 17> dwarf_registers(const Registers& registers);

/// What a C function called with these registers returned, as signed 64 bit.
std::int64_t return_value(const Registers& registers);
/// A function's return value if it is a 32-bit int.
std::int64_t int_return_value(const Registers& registers);
/// The first six arguments of a 64-bit C function at its first instruction (x86-64 psABI 3.2.3).
std::array<std::uint64_t, 6> function_arguments(const Registers& registers);
/// Those of a 32-bit function are words on the stack, this far above its stack pointer (i386 psABI 2.2.3).
inline constexpr std::uint64_t kStackArguments = sizeof(std::uint32_t);

/// What a system call "returns" that was interrupted and that restart_syscall will go on with
/// (ERESTART_RESTARTBLOCK, linux/errno.h).
inline constexpr std::int64_t kRestartBlock = -516;

/// The system call being made, at a stop inside of it.
struct SystemCallRegisters {
  Abi abi;
  std::int64_t nr;
  std::array<std::uint64_t, 6> args;
};
SystemCallRegisters system_call(const Registers& registers);

/// Which ABI a system call with this AUDIT_ARCH and number uses.
Abi abi_of(std::uint32_t audit_arch, std::uint64_t nr);

/// The instruction that makes a system call of that ABI with all its arguments in registers: syscall, int 0x80.
std::array<std::byte, 2> system_call_code(Abi abi);

/// Registers with which the thread goes on at that address, whatever it was doing.
Registers moved_to(Registers registers, std::uint64_t address);

/// Registers that make the system call `nr` when the thread, in the mode that it runs in, resumes at an address
/// that holds a system call instruction.
Registers for_system_call(Registers registers, std::uint64_t instruction, std::int64_t nr,
                          const std::array<std::uint64_t, 6>& args);

/// What a signal handler's frame saves of a 64-bit thread: these words follow each other (sigcontext in uapi/asm/sigcontext.h).
struct SavedContext {
  std::uint64_t stack_pointer;
  std::uint64_t program_counter;
  std::uint64_t flags;
  std::uint64_t segments;
};
/// Whether they can be that: only what the kernel lays down for 64-bit code has such flags and segments.
bool is_saved_context(const SavedContext& words);

/// Whether the instruction pushes a register.
bool pushes_word(std::span<const std::byte> instruction);

/// Registers at a stop that has interrupted a call such that the kernel begins it again by its own number, or lets it fail
/// with EINTR if a handler runs first (ERESTARTNOHAND).
Registers with_restart_by_number(Registers registers);
/// Registers with another argument of a system call, counted from 0, of the first four.
Registers with_argument(Registers registers, Abi abi, std::size_t index, std::uint64_t value);

/// Registers at a system call's entry such that it is not made and fails with ENOSYS.
Registers with_refused_call(Registers registers);

/// The instruction by which 64-bit code makes a system call.
inline constexpr std::array<std::byte, 2> kSystemCall{std::byte{0x0f}, std::byte{0x05}};

/// An instruction that reads the time-stamp counter (rdtsc).
inline constexpr std::array<std::byte, 2> kClockRead{std::byte{0x0f}, std::byte{0x31}};
/// Registers as if that instruction, which the thread stands at, had read `counter`.
Registers after_clock_read(Registers registers, std::uint64_t counter);

}  // namespace vdsotrace::arch
