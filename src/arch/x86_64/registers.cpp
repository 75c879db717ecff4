#include "arch/registers.hpp"

#include <linux/audit.h>

#include <cerrno>
#include <iterator>

namespace vdsotrace::arch {
namespace {

constexpr std::uint64_t kTrapFlag = 0x100;
constexpr std::uint64_t kUserCodeSelector64 = 0x33;  // __USER_CS
constexpr std::uint64_t kX32Bit = number_bit(Abi::x32);

using Register = unsigned long long Registers::*;

/// sigcontext in uapi/asm/sigcontext.h.
constexpr Register kInFrame[] = {&Registers::r8,  &Registers::r9,  &Registers::r10,   &Registers::r11, &Registers::r12,
                                 &Registers::r13, &Registers::r14, &Registers::r15,   &Registers::rdi, &Registers::rsi,
                                 &Registers::rbp, &Registers::rbx, &Registers::rdx,   &Registers::rax, &Registers::rcx,
                                 &Registers::rsp, &Registers::rip, &Registers::eflags};
static_assert(std::size(kInFrame) == kSavedRegisters);

void place(Registers& registers, const std::array<std::uint64_t, 6>& args, const std::array<Register, 6>& where) {
  for (std::size_t i = 0; i < args.size(); ++i) registers.*where[i] = args[i];
}

}  // namespace

std::uint64_t program_counter(const Registers& registers) { return registers.rip; }
std::uint64_t stack_pointer(const Registers& registers) { return registers.rsp; }
std::uint64_t breakpoint_address(const Registers& registers) { return registers.rip - kBreakpointSize; }
std::uint64_t thread_pointer(const Registers& registers) { return registers.fs_base; }
std::size_t program_counter_offset() { return offsetof(Registers, rip); }
std::size_t first_argument_offset(Abi abi) {
  return abi == Abi::i386 ? offsetof(Registers, rbx) : offsetof(Registers, rdi);
}
bool traps_every_step(const Registers& registers) { return (registers.eflags & kTrapFlag) != 0; }

bool runs_64_bit(const Registers& registers) { return registers.cs == kUserCodeSelector64; }

// x86-64 psABI 3.6.2, i386 psABI 2.5.1
DwarfRegisters dwarf_registers(const Registers& r) {
  if (!runs_64_bit(r)) return {r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.rip};
  return {r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8,
          r.r9,  r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rip};
}

// A call leaves the return address on the top of the stack.
std::optional<ReturnPlace> return_place(const Registers& r, Memory& memory) {
  Registers returned = r;
  if (runs_64_bit(r)) {
    const auto address = memory.object<std::uint64_t>(r.rsp);
    if (!address) return std::nullopt;
    returned.rip = *address;
    returned.rsp += sizeof *address;
  } else {
    const auto address = memory.object<std::uint32_t>(r.rsp);
    if (!address) return std::nullopt;
    returned.rip = *address;
    returned.rsp += sizeof *address;
  }
  return ReturnPlace{returned.rip, dwarf_registers(returned)};
}

std::uint64_t stack_pointer_before_return(const Registers& r) {
  return r.rsp - (runs_64_bit(r) ? sizeof(std::uint64_t) : sizeof(std::uint32_t));
}

std::int64_t return_value(const Registers& registers) { return static_cast<std::int64_t>(registers.rax); }

std::int64_t int_return_value(const Registers& registers) { return static_cast<std::int32_t>(registers.rax); }

std::array<std::uint64_t, 6> function_arguments(const Registers& r) { return {r.rdi, r.rsi, r.rdx, r.rcx, r.r8, r.r9}; }

SystemCallRegisters system_call(const Registers& r) {
  const auto nr = static_cast<std::int64_t>(r.orig_rax);
  if (!runs_64_bit(r)) return {Abi::i386, nr, {r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp}};
  return {(r.orig_rax & kX32Bit) != 0 ? Abi::x32 : Abi::x86_64, nr, {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9}};
}

std::uint32_t audit_machine(Abi abi) { return abi == Abi::i386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64; }

Abi abi_of(std::uint32_t audit_machine, std::uint64_t nr) {
  if (audit_machine == AUDIT_ARCH_I386) return Abi::i386;
  // A number of -1 has the bit too; it is no call of any table.
  return (nr & kX32Bit) != 0 && (nr >> 31) == 0 ? Abi::x32 : Abi::x86_64;
}

std::array<std::byte, 2> system_call_code(Abi abi) {
  if (abi == Abi::i386) return {std::byte{0xcd}, std::byte{0x80}};
  return kSystemCall;
}

Registers moved_to(Registers r, std::uint64_t address) {
  r.rip = address;
  // Else a pending restart would be applied to the registers we set.
  r.orig_rax = ~0ULL;
  return r;
}

Registers for_system_call(Registers r, std::uint64_t instruction, std::int64_t nr,
                          const std::array<std::uint64_t, 6>& args) {
  r = moved_to(r, instruction);
  r.rax = static_cast<unsigned long long>(nr);
  if (runs_64_bit(r)) {
    place(r, args,
          {&Registers::rdi, &Registers::rsi, &Registers::rdx, &Registers::r10, &Registers::r8, &Registers::r9});
  } else {
    place(r, args,
          {&Registers::rbx, &Registers::rcx, &Registers::rdx, &Registers::rsi, &Registers::rdi, &Registers::rbp});
  }
  return r;
}

std::optional<SavedContext> saved_context(std::span<const std::uint64_t, kSavedContextWords> words) {
  constexpr std::uint64_t kAlwaysSet = 1 << 1, kInterrupts = 1 << 9, kAll = 0x3f7fd7;  // of the flags, Intel SDM 3.4.3
  const std::uint64_t flags = words[2], segments = words[3];
  const bool is_one = (segments & 0xffff) == kUserCodeSelector64 && (flags & ~kAll) == 0 &&
                      (flags & (kAlwaysSet | kInterrupts)) == (kAlwaysSet | kInterrupts);
  return is_one ? std::optional(SavedContext{words[0], words[1], 1}) : std::nullopt;
}

Registers after_handler(const SavedRegisters& saved, const Registers& now) {
  Registers r = outside_call(now);
  for (std::size_t i = 0; i < saved.size(); ++i) r.*kInFrame[i] = saved[i];
  return r;
}

SavedRegisters to_be_saved(const Registers& registers) {
  SavedRegisters saved{};
  for (std::size_t i = 0; i < saved.size(); ++i) saved[i] = registers.*kInFrame[i];
  return saved;
}

bool pushes_word(std::span<const std::byte> instruction) {
  constexpr auto kPush = std::byte{0x50};
  return instruction.size() == 1 && (instruction[0] & std::byte{0xf8}) == kPush;
}

Registers with_restart_by_number(Registers r) {
  constexpr std::int64_t kRestartNoHandler = -514;
  return with_result(r, kRestartNoHandler);
}

Registers with_argument(Registers r, Abi abi, std::size_t index, std::uint64_t value) {
  constexpr Register kWide[] = {&Registers::rdi, &Registers::rsi, &Registers::rdx, &Registers::r10};
  constexpr Register kNarrow[] = {&Registers::rbx, &Registers::rcx, &Registers::rdx, &Registers::rsi};
  r.*(abi == Abi::i386 ? kNarrow : kWide)[index % 4] = value;
  return r;
}

Registers with_result(Registers r, std::int64_t result) {
  r.rax = static_cast<unsigned long long>(result);
  return r;
}

Registers outside_call(Registers r) {
  r.orig_rax = ~0ULL;  // no call has that number
  return r;
}

Registers with_refused_call(Registers r) { return outside_call(with_result(r, -ENOSYS)); }

Registers with_call_number(Registers r, std::int64_t nr) {
  r.orig_rax = static_cast<unsigned long long>(nr);
  return r;
}

std::int64_t requested_call(const Registers& registers) { return static_cast<std::int64_t>(registers.rax); }

// The instruction keeps where it returns to in rcx and the flags in r11 (Intel SDM, SYSCALL).
Registers after_call(Registers r, std::int64_t result) {
  r = with_result(r, result);
  r.rip += kSystemCall.size();
  r.rcx = r.rip;
  r.r11 = r.eflags;
  return r;
}

Registers after_clock_read(Registers r, std::uint64_t counter) {
  r.rax = static_cast<std::uint32_t>(counter);
  r.rdx = counter >> 32;
  r.rip += kClockRead.size();
  return r;
}

}  // namespace vdsotrace::arch
