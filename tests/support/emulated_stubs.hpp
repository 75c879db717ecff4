// Stubs that are executed instruction by instruction, for threads that need not exist.
#pragma once

#include <array>
#include <cerrno>

#include "arch/stub_emulator.hpp"
#include "support/own_stubs.hpp"

namespace vdsotrace::testing {

/// Our own memory, with the region seen as a process's is.
class OwnMemory final : public arch::EmulatedMemory {
 public:
  explicit OwnMemory(Shared& shared) : shared_(shared) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    if (address < kLowest) return 0;
    std::memcpy(into.data(), reinterpret_cast<const void*>(address), into.size());
    return into.size();
  }
  bool write(std::uint64_t address, std::span<const std::byte> bytes) override {
    if (address < kLowest) return false;
    std::memcpy(reinterpret_cast<void*>(address), bytes.data(), bytes.size());
    return true;
  }
  std::byte* shared(std::uint64_t address, std::size_t size) override { return shared_.region->shared(address, size); }

 private:
  static constexpr std::uint64_t kLowest = 65536;
  Shared& shared_;
};

/// A thread that is to call something: its pointer and its stack.
class EmulatedThread {
 public:
  explicit EmulatedThread(std::uint64_t pointer = own_thread_pointer()) : pointer_(pointer) {}

  std::uint64_t pointer() const { return pointer_; }
  /// Where its calls return to.
  static constexpr std::uint64_t kReturn = 0x1234'5678;
  /// What it has in rbp, r12 and r14.
  std::array<std::uint64_t, 3> kept{0xb0b0, 12, 14};
  /// Where the return address of a call lies that is made with so many bytes more on the stack.
  std::uint64_t stack(std::size_t deeper = 0) { return reinterpret_cast<std::uint64_t>(&stack_[kTop]) - deeper; }

  /// The registers with which the called function returns. System calls are made.
  arch::Registers registers_after(Shared& shared, const Observed& call, const std::array<std::uint64_t, 3>& arguments,
                                  std::size_t deeper = 0) {
    arch::Registers registers{};
    registers.rip = reinterpret_cast<std::uint64_t>(call.entry());
    registers.rsp = stack(deeper);
    std::memcpy(reinterpret_cast<void*>(registers.rsp), &kReturn, sizeof kReturn);
    registers.rbx = 0xb0b, registers.rbp = kept[0], registers.r12 = kept[1], registers.r13 = 13,
    registers.r14 = kept[2], registers.r15 = 15;
    registers.rdi = arguments[0], registers.rsi = arguments[1], registers.rdx = arguments[2];
    registers.rcx = 0xc, registers.r8 = 8, registers.r9 = 9, registers.r10 = 10, registers.r11 = 11;
    registers.fs_base = pointer_;
    OwnMemory memory(shared);
    arch::StubEmulator emulator(registers, memory);
    for (int i = 0; i < 100'000 && emulator.registers().rip != kReturn; ++i) {
      const auto outcome = emulator.step();
      if (outcome == arch::StubEmulator::Outcome::next) continue;
      REQUIRE(outcome == arch::StubEmulator::Outcome::system_call);
      make_call(emulator.registers());
    }
    const arch::Registers& after = emulator.registers();
    CHECK(after.rip == kReturn);
    CHECK(after.rsp == registers.rsp + sizeof kReturn);
    for (const auto same : {&arch::Registers::rbx, &arch::Registers::rbp, &arch::Registers::r12, &arch::Registers::r13,
                            &arch::Registers::r14, &arch::Registers::r15})
      CHECK(after.*same == registers.*same);
    return after;
  }
  long operator()(Shared& shared, const Observed& call, const std::array<std::uint64_t, 3>& arguments,
                  std::size_t deeper = 0) {
    return static_cast<long>(registers_after(shared, call, arguments, deeper).rax);
  }
  /// What was in r9, the sixth argument, at the last system call.
  std::uint64_t mark() const { return mark_; }

 private:
  static constexpr std::size_t kTop = 8000;

  void make_call(arch::Registers& registers) {
    mark_ = registers.r9;
    const long result = ::syscall(static_cast<long>(registers.rax), registers.rdi, registers.rsi, registers.rdx);
    registers.rax = static_cast<std::uint64_t>(result == -1 ? -errno : result);
    registers.rip += 2;
    registers.rcx = registers.rip;
    registers.r11 = registers.eflags;
  }

  std::uint64_t pointer_;
  std::uint64_t mark_ = 0;
  alignas(16) std::array<std::uint64_t, kTop + 64> stack_{};
};

}  // namespace vdsotrace::testing
