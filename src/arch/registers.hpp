// A stopped thread's registers: where those are that a tracer asks for, and what they have to be so that the thread
// does something else. `Registers` is the processor's own (processor/registers.hpp): all that ptrace(2) reads and sets
// at once.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "arch/constants.hpp"
#include "model/code/frame.hpp"
#include "processor/registers.hpp"
#include "vdsotrace/abi.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace::arch {

std::uint64_t program_counter(const Registers& registers);
std::uint64_t stack_pointer(const Registers& registers);
/// Where the breakpoint is that the thread has just hit.
std::uint64_t breakpoint_address(const Registers& registers);
/// What identifies a thread within its process without asking the kernel.
std::uint64_t thread_pointer(const Registers& registers);
/// Offsets in `struct user`, for ptrace::set_user_word.
std::size_t program_counter_offset();
/// That of a system call's first argument.
std::size_t first_argument_offset(Abi abi);

/// Whether the program itself asks for a trap behind every instruction (the kernel hides that we do).
bool traps_every_step(const Registers& registers);

/// Whether the thread runs 64-bit code.
bool runs_64_bit(const Registers& registers);

/// The registers by their DWARF numbers, which 64-bit code and 32-bit code have of their own.
DwarfRegisters dwarf_registers(const Registers& registers);

/// A place to which a function returns, and the registers by their DWARF numbers as they are there.
struct ReturnPlace {
  std::uint64_t address;
  DwarfRegisters registers;
};
/// Of a function that the thread stands at the first instruction of. Nothing where its stack cannot be read.
std::optional<ReturnPlace> return_place(const Registers& registers, Memory& memory);
/// What the stack pointer was before the return that the thread has just made.
std::uint64_t stack_pointer_before_return(const Registers& registers);

/// What a C function called with these registers returned, as signed 64 bit.
std::int64_t return_value(const Registers& registers);
/// A function's return value if it is a 32-bit int.
std::int64_t int_return_value(const Registers& registers);
/// The first six arguments of a 64-bit C function at its first instruction.
std::array<std::uint64_t, 6> function_arguments(const Registers& registers);

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

/// What the kernel's auditing calls the machine of that ABI (linux/audit.h): seccomp filters and
/// PTRACE_GET_SYSCALL_INFO do so too. Several ABIs can have one.
std::uint32_t audit_machine(Abi abi);
/// Which ABI a system call with this audit machine and number uses.
Abi abi_of(std::uint32_t audit_machine, std::uint64_t nr);

/// The instruction that makes a system call of that ABI with all its arguments in registers.
std::array<std::byte, 2> system_call_code(Abi abi);

/// Registers with which the thread goes on at that address, whatever it was doing.
Registers moved_to(Registers registers, std::uint64_t address);

/// Registers that make the system call `nr` when the thread, in the mode that it runs in, resumes at an address
/// that holds a system call instruction.
Registers for_system_call(Registers registers, std::uint64_t instruction, std::int64_t nr,
                          const std::array<std::uint64_t, 6>& args);

/// What a signal handler's frame saves of a 64-bit thread.
struct SavedContext {
  std::uint64_t stack_pointer;
  std::uint64_t program_counter;
  std::size_t counter_at;  ///< which of the words the program counter is
};
/// What begins at the front of these words (the processor says how many it takes), if only the kernel can have laid it
/// down for 64-bit code.
std::optional<SavedContext> saved_context(std::span<const std::uint64_t, kSavedContextWords> words);

/// The registers in such a frame, in its order (the processor says how many there are). The program counter is that at
/// kSavedCounter.
using SavedRegisters = std::array<std::uint64_t, kSavedRegisters>;
/// What a thread's registers will be when the handler returns; those that frames do not save are as they are `now`.
Registers after_handler(const SavedRegisters& saved, const Registers& now);
/// What a frame is to save for the thread to have these when the handler returns.
SavedRegisters to_be_saved(const Registers& registers);

/// Whether the instruction pushes a register.
bool pushes_word(std::span<const std::byte> instruction);

/// Registers at a stop that has interrupted a call such that the kernel begins it again by its own number, or lets it
/// fail with EINTR if a handler runs first (ERESTARTNOHAND).
Registers with_restart_by_number(Registers registers);
/// Registers with another argument of a system call, counted from 0, of the first four.
Registers with_argument(Registers registers, Abi abi, std::size_t index, std::uint64_t value);

/// Registers at a system call's entry such that it is not made and fails with ENOSYS.
Registers with_refused_call(Registers registers);

/// Registers at a system call's entry such that another one is made, with the same arguments.
Registers with_call_number(Registers registers, std::int64_t nr);

/// The number of the system call that a thread is about to make which stands at a system call instruction.
std::int64_t requested_call(const Registers& registers);
/// Registers at a stop inside a system call with another result of it.
Registers with_result(Registers registers, std::int64_t result);
/// The same such that the kernel takes them for no system call's: it restarts none. One that has yet to begin is not
/// made.
Registers outside_call(Registers registers);
/// Registers as if the system call instruction that the thread stands at had been executed, with that result.
Registers after_call(Registers registers, std::int64_t result);
/// Registers as if the kClockRead that the thread stands at had read `counter`.
Registers after_clock_read(Registers registers, std::uint64_t counter);

}  // namespace vdsotrace::arch
