// The templates of the processor's stubs: code that the inline engine copies beside a vDSO.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "arch/registers.hpp"

namespace vdsotrace::arch {

/// Position-independent code with 64-bit slots in front of it.
struct StubTemplate {
  std::span<const std::byte> bytes;  ///< slots and code
  std::size_t code = 0;              ///< offset of the first instruction; below it, 8 bytes a slot
  std::size_t slots() const { return code / 8; }
};

enum class StubKind : std::uint8_t {
  // Trampolines, in the vDSO's mapping: each leads to a stub.
  enter,   ///< in front of a function; what the jump there displaced is to be placed right behind
  leave,   ///< instead of a return
  called,  ///< behind a system call; what the jump there displaced is to be placed right behind
  call,    ///< makes a system call, then as `called`
  mark,    ///< in front of a system call: gives it kOwnCallMark in a register that is free there

  // Stubs at a function's entry.
  count,       ///< one more, nothing else
  open,        ///< one more, and the call is open: who calls and with which arguments
  open_timed,  ///< also when it began
  // Stubs behind a system call that the function has made.
  count_fallback,  ///< one more of those
  note_fallback,   ///< the open call has made it; where the shape has three arguments, with those and what it answered
  // Stubs at a function's return: write the record of the open call.
  close,            ///< a short record: who called
  close_timed,      ///< a short record: also when it began and ended
  close_timespec,   ///< and what the arguments point to, for functions like clock_gettime,
  close_timeval,    ///< gettimeofday,
  close_getcpu,     ///< getcpu,
  close_getrandom,  ///< getrandom
};

/// What a function's arguments mean to a stub.
enum class StubShape : std::uint8_t {
  plain,    ///< two at most
  clocked,  ///< the same, and calls are counted by the first, a clock id
  three,    ///< three or more
};

/// Whether stubs can run on this machine: for one, they have to read the thread pointer by themselves.
bool stubs_usable();

/// The shape matters to what counts calls, opens them, or notes their system calls.
StubTemplate stub_template(StubKind kind, StubShape shape = StubShape::plain);

/// Registers at the copy of a fallback's system call (StubKind::call) as they are to be at its original, without what
/// the copy has put on the stack: at the stack pointer lies `saved`.
Registers at_original_call(Registers at_copy, std::uint64_t saved, std::uint64_t original);

/// What the stubs put into the sixth argument of a fallback's system call, which none of those calls has: a
/// seccomp filter can distinguish them from calls that the program makes itself.
inline constexpr std::uint64_t kOwnCallMark = 0x7664'736f'7472'6163;

/// A jump that reaches everything in a vDSO and much around it.
using Jump = std::array<std::byte, kJumpSize>;
/// The jump that stands at `from` and leads to `to`; nothing if that is out of its reach.
std::optional<Jump> jump(std::uint64_t from, std::uint64_t to);

/// One that takes less room and reaches less far.
using ShortJump = std::array<std::byte, kShortJumpSize>;
std::optional<ShortJump> short_jump(std::uint64_t from, std::uint64_t to);

/// How many of the bytes are padding that a compiler or linker puts between functions.
std::size_t padding_at(std::span<const std::byte> code);

}  // namespace vdsotrace::arch
