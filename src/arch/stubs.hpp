// The templates of stubs_x86_64.S: code that the inline engine copies beside a vDSO.
#pragma once

#include <cstddef>
#include <cstdint>
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
  count,           ///< one more, nothing else
  count_fallback,  ///< stands for a fallback's system call; one more of those
  plain,           ///< a record of the caller
  measured,        ///< and of start and end
  timespec,        ///< and of what the arguments point to, for functions like clock_gettime,
  timeval,         ///< gettimeofday,
  time,            ///< time,
  getcpu,          ///< getcpu,
  getrandom,       ///< getrandom
  record_fallback, ///< stands for a fallback's system call; a record that it was made
};

/// What stubs can use on the processor that they will run on.
struct StubFeatures {
  bool rdpid = false;
};
/// The features of this machine; nothing if stubs cannot run at all: they read the thread
/// pointer with rdfsbase, which kernels permit from 5.9 on (HWCAP2_FSGSBASE in AT_HWCAP2).
struct StubSupport {
  bool usable = false;
  StubFeatures features;
};
StubSupport stub_support();

/// `clocked`: the first argument is a clock id and calls are counted per clock.
StubTemplate stub_template(StubKind kind, bool clocked, StubFeatures features);

/// What the stubs put into the sixth argument of a fallback's system call, which none of those calls has: a
/// seccomp filter can tell them from calls that the program makes itself.
inline constexpr std::uint64_t kOwnCallMark = 0x7664'736f'7472'6163;

/// A jump from one address to another, to be written over code.
inline constexpr std::size_t kJumpSize = 5;

}  // namespace vdsotrace::arch
