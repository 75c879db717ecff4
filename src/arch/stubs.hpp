// The templates of stubs_x86_64.S: code that the inline engine copies beside a vDSO.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vdsotrace::arch {

/// Position-independent code with 64-bit slots in front of it. What a call continues with is
/// placed right behind a copy.
struct StubTemplate {
  std::span<const std::byte> bytes;  ///< slots and code
  std::size_t code = 0;              ///< offset of the first instruction; below it, 8 bytes a slot
  std::size_t back = 0;              ///< where the body returns to; 0: nowhere, it is jumped to
  std::size_t slots() const { return code / 8; }
};

/// What a stub keeps of a call.
enum class StubKind : std::uint8_t {
  count,            ///< one more, nothing else
  count_fallback,   ///< stands for a fallback's system call; one more of those
  caller,           ///< a short record: who called
  measured,         ///< a short record: also when it began and ended
  timespec,         ///< and what the arguments point to, for functions like clock_gettime,
  timeval,          ///< gettimeofday,
  getcpu,           ///< getcpu,
  getrandom,        ///< getrandom
  record_fallback,  ///< stands for a fallback's system call; a record of it, where the shape has three arguments with those and values
};

/// What a function's arguments mean to a stub.
enum class StubShape : std::uint8_t {
  plain,    ///< two at most
  clocked,  ///< the same, and calls are counted by the first, a clock id
  three,    ///< three or more
};

/// Whether stubs can run on this machine: they read the thread pointer with rdfsbase, which
/// kernels permit from 5.9 on (HWCAP2_FSGSBASE in AT_HWCAP2).
bool stubs_usable();

/// Of those that exist: values need the shape that their function has.
StubTemplate stub_template(StubKind kind, StubShape shape);

/// What the stubs put into the sixth argument of a fallback's system call, which none of those calls has: a
/// seccomp filter can tell them from calls that the program makes itself.
inline constexpr std::uint64_t kOwnCallMark = 0x7664'736f'7472'6163;

/// A jump to anywhere within 32 bits (Intel SDM, JMP rel32).
inline constexpr std::size_t kJumpSize = 5;
using Jump = std::array<std::byte, kJumpSize>;
/// The jump that stands at `from` and leads to `to`; nothing if that is out of its reach.
std::optional<Jump> jump(std::uint64_t from, std::uint64_t to);
/// Where the code that stands at `from` leads, if it is a jump.
std::optional<std::uint64_t> jump_target(const Jump& code, std::uint64_t from);

}  // namespace vdsotrace::arch
