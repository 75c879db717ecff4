// Code that stands for one system call instruction of a program: makes the call from where it may be made, counts it,
// and goes on behind the instruction with all registers and flags as the instruction would have left them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "arch/registers.hpp"

namespace vdsotrace::arch {

struct CallStubWords {
  std::int64_t number;     ///< of the calls that it counts
  std::uint64_t counters;  ///< address of two u64, aligned: calls, and those that failed
  std::uint64_t back;      ///< where the program goes on: behind its instruction
  std::uint64_t others;    ///< where calls of other numbers go
};

/// Enough for either kind.
inline constexpr std::size_t kCallStubBytes = 128;
inline constexpr std::size_t kLeaveStubBytes = 32;

std::vector<std::byte> make_call_stub(const CallStubWords& words);
/// Offsets in it: where calls of any number come in, and the instruction that makes the call.
std::size_t call_stub_entry();
std::size_t call_stub_call();

/// The offset of the last of its words, CallStubWords::others: it can be written while the stub is in use.
std::size_t call_stub_others();

/// A jump to any address.
inline constexpr std::size_t kFarJumpBytes = 14;
std::vector<std::byte> make_far_jump(std::uint64_t to);

/// Code that makes a call from where it may not be made, and goes on at `back`.
std::vector<std::byte> make_leave_stub(std::uint64_t back);
/// The offset of its instruction.
std::size_t leave_stub_call();

/// How far a thread has come in a call stub.
struct CallStubProgress {
  bool made = false;           ///< the call has come back
  bool counted = false;        ///< among the calls
  bool error_counted = false;  ///< among those that failed, if it did
  std::int64_t result = 0;
};
/// `offset`: of its program counter in the stub.
CallStubProgress progress_in_call_stub(const Registers& registers, std::size_t offset);

/// Registers of a thread in such a stub as they are behind the program's own instruction at `back`, with that result.
Registers behind_call(Registers registers, std::int64_t result, std::uint64_t back);

/// Whether the result says that a call has failed.
constexpr bool is_failure(std::int64_t result) { return result < 0 && result >= -4095; }

}  // namespace vdsotrace::arch
