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
  std::uint64_t back;      ///< behind the program's instruction, as a register is to say
  std::uint64_t resume;    ///< where the program goes on: there, or in a copy of what is there
  std::uint64_t others;    ///< where other calls go
};

/// Enough for each.
inline constexpr std::size_t kCallStubBytes = 160;
inline constexpr std::size_t kLeaveStubBytes = 48;

/// `clock`: that the calls are about which come in by call_stub_clock_entry.
std::vector<std::byte> make_call_stub(const CallStubWords& words, std::uint32_t clock = 0);
/// Offsets in it: where calls of any number come in, where those do that are only for it if their second argument is
/// null, or their first one the clock, and the instruction that makes the call.
std::size_t call_stub_entry();
std::size_t call_stub_query_entry();
std::size_t call_stub_clock_entry();
std::size_t call_stub_call();
/// The offset of the jump that takes other calls on.
std::size_t call_stub_others_jump();

/// Offsets of those of its words that change while it is in use.
inline constexpr std::size_t kCallStubResume = offsetof(CallStubWords, resume);
inline constexpr std::size_t kCallStubOthers = offsetof(CallStubWords, others);

/// A jump to any address.
inline constexpr std::size_t kFarJumpBytes = 14;
std::vector<std::byte> make_far_jump(std::uint64_t to);

struct LeaveStubWords {
  std::uint64_t back;
  std::uint64_t resume;
};
/// Code that makes a call from where it may not be made, and goes on as a call stub does.
std::vector<std::byte> make_leave_stub(const LeaveStubWords& words);
inline constexpr std::size_t kLeaveStubResume = offsetof(LeaveStubWords, resume);
/// The offset of its instruction, and of another one for calls that no stub is to make.
std::size_t leave_stub_call();
std::size_t leave_stub_unsuited_call();
/// Whether the call has been made of a thread whose program counter is so far behind the beginning.
bool has_called_in_leave_stub(std::size_t offset);

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

/// The same registers at another address; a call that they are in is restarted, if it is, in front of that.
Registers with_program_counter(Registers registers, std::uint64_t address);

/// Whether the result says that a call has failed.
constexpr bool is_failure(std::int64_t result) { return result < 0 && result >= -4095; }

}  // namespace vdsotrace::arch
