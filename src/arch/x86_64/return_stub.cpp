#include "arch/return_stub.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "arch/x86_64/return_stub.h"

// NOLINTBEGIN(readability-identifier-naming): symbols of return_stub.S
extern "C" {
extern const std::byte vdsotrace_return_stub[];
extern const std::byte vdsotrace_return_stub_keep[];
extern const std::byte vdsotrace_return_stub_unmap[];
extern const std::byte vdsotrace_return_stub_close[];
extern const std::byte vdsotrace_return_stub_close_mapped[];
extern const std::byte vdsotrace_return_stub_back[];
extern const std::byte vdsotrace_return_stub_words[];
extern const std::byte vdsotrace_return_stub_end[];
}
// NOLINTEND(readability-identifier-naming)

namespace vdsotrace::arch {
namespace {

constexpr std::uint64_t kX32NumberBit = number_bit(Abi::x32);
constexpr std::uint64_t kCallInstructionSize = 2;
constexpr std::int64_t kFirstRestart = -516, kLastRestart = -512;

std::uint64_t offset_in_stub(const std::byte* place) {
  return static_cast<std::uint64_t>(place - vdsotrace_return_stub);
}

/// Word by word what it is in the code, or still or already zero; the first is not.
bool is_part_of(std::span<const std::byte> bytes, std::span<const std::byte> code) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  for (std::size_t at = 0; at < code.size(); at += kWord) {
    const auto there = bytes.subspan(at, kWord);
    const bool is_zero = at != 0 && std::ranges::all_of(there, [](std::byte byte) { return byte == std::byte{0}; });
    if (!is_zero && !std::ranges::equal(there, code.subspan(at, kWord))) return false;
  }
  return true;
}

/// What the kernel would do on the way out of a stop, without a signal to deliver (arch_do_signal_or_restart).
Registers begun_again(Registers r) {
  if (!restarts_call(r)) return r;
  const bool resumed = return_value(r) == kRestartBlock;
  r.rax = resumed ? SYS_restart_syscall | (r.orig_rax & kX32NumberBit) : r.orig_rax;
  r.rip -= kCallInstructionSize;
  return r;
}

}  // namespace

std::optional<SystemCallRegisters> cleanup_call(OrphanCleanup then, const std::array<std::uint64_t, 6>& args) {
  switch (then) {
    case OrphanCleanup::keep: break;
    case OrphanCleanup::unmap: return SystemCallRegisters{Abi::x86_64, SYS_munmap, {args[0], args[1]}};
    case OrphanCleanup::close: return SystemCallRegisters{Abi::x86_64, SYS_close, {}};
    case OrphanCleanup::close_mapped: return SystemCallRegisters{Abi::x86_64, SYS_close, {args[4]}};
  }
  return std::nullopt;
}

SystemCallRegisters setting_mask() {
  return {Abi::x86_64, SYS_rt_sigprocmask, {SIG_SETMASK, 0, 0, sizeof(std::uint64_t)}};
}

bool restarts_after(std::int64_t result) {
  // 515, ENOIOCTLCMD, is none of them.
  return result >= kFirstRestart && result <= kLastRestart && result != -515;
}

bool restarts_call(const Registers& registers) {
  return static_cast<std::int64_t>(registers.orig_rax) >= 0 && restarts_after(return_value(registers));
}

std::size_t return_stub_at(std::span<const std::byte> bytes) {
  const std::span code(vdsotrace_return_stub, vdsotrace_return_stub_words);
  const std::size_t size = offset_in_stub(vdsotrace_return_stub_end);
  return bytes.size() >= size && is_part_of(bytes, code) ? size : 0;
}

ReturnStub make_return_stub(const Registers& registers, std::uint64_t signal_mask) {
  const Registers r = begun_again(registers);
  std::array<std::uint64_t, RETURN_STUB_WORDS> words{};
  words[RETURN_STUB_MASK] = signal_mask;
  words[RETURN_STUB_RAX] = r.rax;
  words[RETURN_STUB_RCX] = r.rcx;
  words[RETURN_STUB_RDX] = r.rdx;
  words[RETURN_STUB_RSI] = r.rsi;
  words[RETURN_STUB_RDI] = r.rdi;
  words[RETURN_STUB_R8] = r.r8;
  words[RETURN_STUB_R9] = r.r9;
  words[RETURN_STUB_R10] = r.r10;
  words[RETURN_STUB_R11] = r.r11;
  words[RETURN_STUB_RIP] = r.rip;
  ReturnStub stub{{vdsotrace_return_stub, vdsotrace_return_stub_end},
                  {offset_in_stub(vdsotrace_return_stub_keep), offset_in_stub(vdsotrace_return_stub_unmap),
                   offset_in_stub(vdsotrace_return_stub_close), offset_in_stub(vdsotrace_return_stub_close_mapped)},
                  offset_in_stub(vdsotrace_return_stub_back)};
  std::memcpy(stub.bytes.data() + offset_in_stub(vdsotrace_return_stub_words), words.data(), sizeof words);
  return stub;
}

}  // namespace vdsotrace::arch
