#include <linux/audit.h>

#include <cerrno>

#include "arch/registers.hpp"

namespace vdsotrace::arch {
namespace {

constexpr std::uint64_t kTrapFlag = 0x100;
constexpr std::uint64_t kUserCodeSelector64 = 0x33;  // __USER_CS
constexpr std::uint64_t kX32Bit = number_bit(Abi::x32);

using Register = unsigned long long Registers::*;

void place(Registers& registers, const std::array<std::uint64_t, 6>& args, const std::array<Register, 6>& where) {
  for (std::size_t i = 0; i < args.size(); ++i) registers.*where[i] = args[i];
}

}  // namespace

std::uint64_t program_counter(const Registers& registers) { return registers.rip; }
std::uint64_t stack_pointer(const Registers& registers) { return registers.rsp; }
std::uint64_t thread_pointer(const Registers& registers) { return registers.fs_base; }
std::size_t program_counter_offset() { return offsetof(Registers, rip); }
std::size_t first_argument_offset(Abi abi) {
  return abi == Abi::i386 ? offsetof(Registers, rbx) : offsetof(Registers, rdi);
}
bool traps_every_step(const Registers& registers) { return (registers.eflags & kTrapFlag) != 0; }

bool runs_64_bit(const Registers& registers) { return registers.cs == kUserCodeSelector64; }

std::array<std::uint64_t, 17> dwarf_registers(const Registers& r) {
  if (!runs_64_bit(r)) return {r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.rip};
  return {r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8,
          r.r9,  r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rip};
}

std::int64_t return_value(const Registers& registers) { return static_cast<std::int64_t>(registers.rax); }

std::int64_t int_return_value(const Registers& registers) { return static_cast<std::int32_t>(registers.rax); }

std::array<std::uint64_t, 6> function_arguments(const Registers& r) { return {r.rdi, r.rsi, r.rdx, r.rcx, r.r8, r.r9}; }

SystemCallRegisters system_call(const Registers& r) {
  const auto nr = static_cast<std::int64_t>(r.orig_rax);
  if (!runs_64_bit(r)) return {Abi::i386, nr, {r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp}};
  return {(r.orig_rax & kX32Bit) != 0 ? Abi::x32 : Abi::x86_64, nr, {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9}};
}

Abi abi_of(std::uint32_t audit_arch, std::uint64_t nr) {
  if (audit_arch == AUDIT_ARCH_I386) return Abi::i386;
  // A number of -1 has the bit too; it is no call of any table.
  return (nr & kX32Bit) != 0 && (nr >> 31) == 0 ? Abi::x32 : Abi::x86_64;
}

std::array<std::byte, 2> system_call_code(Abi abi) {
  if (abi == Abi::i386) return {std::byte{0xcd}, std::byte{0x80}};
  return {std::byte{0x0f}, std::byte{0x05}};
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

bool is_saved_context(const SavedContext& words) {
  constexpr std::uint64_t kAlwaysSet = 1 << 1, kInterrupts = 1 << 9, kAll = 0x3f7fd7;  // of the flags, Intel SDM 3.4.3
  constexpr std::uint64_t kUserCode = 0x33;                                            // __USER_CS
  return (words.segments & 0xffff) == kUserCode && (words.flags & ~kAll) == 0 &&
         (words.flags & (kAlwaysSet | kInterrupts)) == (kAlwaysSet | kInterrupts);
}

bool pushes_word(std::span<const std::byte> instruction) {
  constexpr auto kPush = std::byte{0x50};
  return instruction.size() == 1 && (instruction[0] & std::byte{0xf8}) == kPush;
}

Registers with_restart_by_number(Registers r) {
  constexpr std::int64_t kRestartNoHandler = -514;
  r.rax = static_cast<unsigned long long>(kRestartNoHandler);
  return r;
}

Registers with_argument(Registers r, Abi abi, std::size_t index, std::uint64_t value) {
  using Place = unsigned long long user_regs_struct::*;
  constexpr Place kWide[] = {&user_regs_struct::rdi, &user_regs_struct::rsi, &user_regs_struct::rdx,
                             &user_regs_struct::r10};
  constexpr Place kNarrow[] = {&user_regs_struct::rbx, &user_regs_struct::rcx, &user_regs_struct::rdx,
                               &user_regs_struct::rsi};
  r.*(abi == Abi::i386 ? kNarrow : kWide)[index % 4] = value;
  return r;
}

Registers with_refused_call(Registers r) {
  r.orig_rax = ~0ULL;
  r.rax = static_cast<unsigned long long>(-ENOSYS);
  return r;
}

Registers after_clock_read(Registers r, std::uint64_t counter) {
  r.rax = static_cast<std::uint32_t>(counter);
  r.rdx = counter >> 32;
  r.rip += kClockRead.size();
  return r;
}

}  // namespace vdsotrace::arch
