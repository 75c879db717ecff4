// What the kernel does to a program's signal state when it meets a breakpoint, and how we know
// what to put back. The same holds of SIGSYS where a system call is dispatched (os/tracing/ptrace.hpp).
//
// A breakpoint raises SIGTRAP by force: where the program blocks SIGTRAP the kernel unblocks
// it, and where it blocks or ignores it the kernel resets its action to SIG_DFL
// (force_sig_info_to_task, kernel/signal.c). Both would be visible to the program. The
// change happens before the stop, so what was there must be known beforehand: the calls that
// change it are all seen, and their effects are noted here. For a process that ran before we came, /proc says
// which signals have a handler, and the kernel, asked on its behalf, which one (remote_call.hpp).
// Other threads of the program that ask for its action in the moment between the trap and the repair see SIG_DFL.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>
#include <vector>

#include "vdsotrace/abi.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {

/// The kernel's struct sigaction on 64-bit machines (uapi/asm-generic/signal.h).
struct KernelSigaction {
  std::uint64_t handler = 0;
  std::uint64_t flags = 0;
  std::uint64_t restorer = 0;
  std::uint64_t mask = 0;
};

/// As it lies in the memory of a program of that ABI: narrower where words are (struct compat_sigaction,
/// linux/compat.h).
std::size_t sigaction_size(Abi abi);
std::vector<std::byte> sigaction_bytes(const KernelSigaction& action, Abi abi);
std::optional<KernelSigaction> read_sigaction(Memory& memory, std::uint64_t address, Abi abi);
/// As sigaction(2) of i386 had it before rt_sigaction (struct compat_old_sigaction).
std::optional<KernelSigaction> read_old_sigaction(Memory& memory, std::uint64_t address);

constexpr std::uint64_t signal_bit(int signal) { return std::uint64_t{1} << (signal - 1); }

/// Those that code of ours in a program raises. The kernel forces them: one that is blocked or ignored is neither any
/// more (force_sig_info_to_task, kernel/signal.c), which has to be put back.
inline constexpr std::uint64_t kForcedSignals = signal_bit(SIGTRAP) | signal_bit(SIGSYS) | signal_bit(SIGSEGV) |
                                                signal_bit(SIGBUS);

/// Which of kForcedSignals a thread blocks.
class BlockedSignals {
 public:
  BlockedSignals() = default;
  explicit BlockedSignals(std::uint64_t mask) : blocked_(mask & kForcedSignals) {}

  bool has(int signal) const { return (blocked_ & signal_bit(signal)) != 0; }
  /// Those of `mask`, too.
  void add(std::uint64_t mask) { blocked_ |= mask & kForcedSignals; }

 private:
  std::uint64_t blocked_ = 0;
};

/// The signal actions of one process, shared by the tasks that share them
/// (CLONE_SIGHAND). Only actions seen to be set are known; the rest are as after exec.
class SignalActions {
 public:
  static constexpr int kSignals = 64;

  const KernelSigaction& of(int signal) const { return actions_[index(signal)]; }
  void set(int signal, const KernelSigaction& action) { actions_[index(signal)] = action; }
  bool has_handler(int signal) const;
  bool ignored(int signal) const;
  /// What is known of a signal that a process ignored, or handled, before we came.
  static constexpr KernelSigaction ignoring() { return {kIgnore, 0, 0, 0}; }
  static constexpr KernelSigaction unknown_handler() { return {kUnknownHandler, 0, 0, 0}; }
  /// Whether flags, mask and address of its handler are known.
  bool known(int signal) const { return of(signal).handler != kUnknownHandler; }
  /// exec: handlers go, ignored signals stay ignored.
  void reset_handlers();

 private:
  static constexpr std::uint64_t kDefault = 0;                         // SIG_DFL
  static constexpr std::uint64_t kIgnore = 1;                          // SIG_IGN
  static constexpr std::uint64_t kUnknownHandler = ~std::uint64_t{0};  // no program's code is there

  static std::size_t index(int signal) { return static_cast<std::size_t>(signal - 1) % kSignals; }
  std::array<KernelSigaction, kSignals> actions_{};
};

}  // namespace vdsotrace
