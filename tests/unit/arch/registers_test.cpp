// What a tracer asks of a stopped thread's registers, on those of a real one and on made-up ones.
#include "arch/registers.hpp"

#include <sys/syscall.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

constexpr unsigned long long kCode64 = 0x33, kCode32 = 0x23;  // __USER_CS, __USER32_CS

arch::Registers registers_in(unsigned long long code_segment) {
  arch::Registers registers{};
  registers.cs = code_segment;
  registers.rsp = 0x1000;
  registers.rip = 0x400000;
  registers.orig_rax = ~0ULL;
  return registers;
}

/// The words of the frame that the kernel has laid down for a handler that is running now, and where the code was
/// interrupted.
std::vector<std::uint64_t> frame_words;
std::uint64_t interrupted_at, interrupted_stack;

void on_signal(int, siginfo_t*, void* context) {
  const auto& saved = *static_cast<const ucontext_t*>(context);
  interrupted_at = static_cast<std::uint64_t>(saved.uc_mcontext.gregs[REG_RIP]);
  interrupted_stack = static_cast<std::uint64_t>(saved.uc_mcontext.gregs[REG_RSP]);
  frame_words.resize(sizeof saved.uc_mcontext.gregs / sizeof(std::uint64_t));
  std::memcpy(frame_words.data(), saved.uc_mcontext.gregs, sizeof saved.uc_mcontext.gregs);
}

/// A stack that has this on its top, and nothing else.
Capture stack_with(std::uint64_t at, std::uint64_t word, std::size_t bytes) {
  Capture stack;
  stack.note(at, std::as_bytes(std::span(&word, 1)).first(bytes));
  return stack;
}

}  // namespace

TEST_CASE("a function returns to what lies on the top of its stack") {
  arch::Registers registers = registers_in(kCode64);
  registers.rbx = 0xb;
  Capture stack = stack_with(0x1000, 0x7fff'1234'5678, 8);
  const auto place = arch::return_place(registers, stack);
  REQUIRE(place);
  CHECK(place->address == 0x7fff'1234'5678);
  CHECK(place->registers[kDwarfReturnAddress] == place->address);
  CHECK(place->registers[kDwarfStackPointer] == 0x1008);
  CHECK(place->registers[3] == 0xb);
  registers.rsp = place->registers[kDwarfStackPointer];
  CHECK(arch::stack_pointer_before_return(registers) == 0x1000);
}

TEST_CASE("32-bit code has words of four bytes and other numbers of registers") {
  arch::Registers registers = registers_in(kCode32);
  Capture stack = stack_with(0x1000, 0x0804'8000, 4);
  const auto place = arch::return_place(registers, stack);
  REQUIRE(place);
  CHECK(place->address == 0x0804'8000);
  CHECK(place->registers[kDwarfRegisters32 - 1] == place->address);
  CHECK(place->registers[4] == 0x1004);
  registers.rsp = 0x1004;
  CHECK(arch::stack_pointer_before_return(registers) == 0x1000);
}

TEST_CASE("where a function returns to is not known if its stack cannot be read") {
  Capture nothing;
  CHECK_FALSE(arch::return_place(registers_in(kCode64), nothing));
  CHECK_FALSE(arch::return_place(registers_in(kCode32), nothing));
  Capture half = stack_with(0x1000, 1, 4);
  CHECK_FALSE(arch::return_place(registers_in(kCode64), half));
}

TEST_CASE("a breakpoint is where its instruction begins") {
  arch::Registers registers = registers_in(kCode64);
  registers.rip = 0x400000 + arch::kBreakpointSize;  // the processor stands behind it
  CHECK(arch::breakpoint_address(registers) == 0x400000);
}

TEST_CASE("a system call is skipped as if it had been made") {
  arch::Registers registers = registers_in(kCode64);
  registers.rax = SYS_futex;
  registers.eflags = 0x246;
  CHECK(arch::requested_call(registers) == SYS_futex);
  const arch::Registers after = arch::after_call(registers, -EINTR);
  CHECK(arch::return_value(after) == -EINTR);
  CHECK(arch::program_counter(after) == 0x400000 + arch::kSystemCall.size());
  CHECK(after.rcx == after.rip);
  CHECK(after.r11 == 0x246);
}

TEST_CASE("registers outside a call are those of no call") {
  arch::Registers registers = registers_in(kCode64);
  registers.orig_rax = SYS_read;
  const arch::Registers outside = arch::outside_call(arch::with_result(registers, -4));
  CHECK(arch::system_call(outside).nr == -1);
  CHECK(arch::return_value(outside) == -4);
  CHECK(arch::return_value(arch::with_refused_call(registers)) == -ENOSYS);
  CHECK(arch::system_call(arch::with_refused_call(registers)).nr == -1);
}

TEST_CASE("each ABI has a machine and is known by it and a number") {
  CHECK(arch::abi_of(arch::audit_machine(Abi::x86_64), SYS_read) == Abi::x86_64);
  CHECK(arch::abi_of(arch::audit_machine(Abi::i386), 3) == Abi::i386);
  CHECK(arch::abi_of(arch::audit_machine(Abi::x32), 0x4000'0000) == Abi::x32);
  CHECK(arch::abi_of(arch::audit_machine(Abi::x86_64), ~std::uint64_t{0}) == Abi::x86_64);
  CHECK(arch::audit_machine(Abi::i386) != arch::audit_machine(Abi::x86_64));
}

TEST_CASE("what a signal's frame saves is found among its words, and nothing else is taken for it") {
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO;
  struct sigaction before {};
  REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
  ::raise(SIGUSR1);
  ::sigaction(SIGUSR1, &before, nullptr);

  std::vector<arch::SavedContext> found;
  for (std::size_t at = 0; at + arch::kSavedContextWords <= frame_words.size(); ++at) {
    const auto words = std::span<const std::uint64_t>(frame_words).subspan(at).first<arch::kSavedContextWords>();
    const auto saved = arch::saved_context(words);
    if (!saved) continue;
    CHECK(words[saved->counter_at] == saved->program_counter);
    found.push_back(*saved);
  }
  REQUIRE(found.size() == 1);
  CHECK(found[0].program_counter == interrupted_at);
  CHECK(found[0].stack_pointer == interrupted_stack);
}

TEST_CASE("a frame's registers are those that the handler returns to, and go back to the same places") {
  arch::SavedRegisters saved{};
  for (std::size_t i = 0; i < saved.size(); ++i) saved[i] = 0x1000 + i;
  arch::Registers now = registers_in(kCode64);
  now.orig_rax = SYS_read;
  now.fs_base = 0x7000;
  const arch::Registers after = arch::after_handler(saved, now);
  CHECK(arch::program_counter(after) == saved[arch::kSavedCounter]);
  CHECK(arch::stack_pointer(after) == saved[arch::kSavedCounter - 1]);
  CHECK(after.r8 == saved[0]);
  CHECK(after.rdi == saved[8]);
  CHECK(after.eflags == saved[arch::kSavedRegisters - 1]);
  CHECK(arch::thread_pointer(after) == 0x7000);
  CHECK(arch::system_call(after).nr == -1);
  CHECK(arch::to_be_saved(after) == saved);
}

}  // namespace vdsotrace
