#include "arch/signal_frame.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>

#include "arch/constants.hpp"
#include "arch/registers.hpp"

namespace vdsotrace::arch {
namespace {

/// rt_sigframe, arch/x86/include/asm/sigframe.h.
struct Frame {
  std::uint64_t restorer;
  std::uint64_t flags;
  std::uint64_t link;
  std::uint64_t stack[3];
  SavedRegisters registers;
  std::uint64_t segments;
  std::uint64_t fault[4];  // error code, trap number, old mask, address
  std::uint64_t fpstate;   // address
  std::uint64_t reserved[8];
  std::uint64_t mask;
  std::byte info[128];  // written for SA_SIGINFO only
};
static_assert(sizeof(Frame) == 440);

constexpr std::uint64_t kAllFlags = 7;      // UC_FP_XSTATE to UC_STRICT_RESTORE_SS
constexpr std::uint64_t kFpAlignment = 64;  // of XSAVE's area
constexpr std::uint64_t kFrameAlignment = 16;
constexpr std::uint64_t kNear = 64 * 1024;  // the same stack
constexpr std::size_t kStackPointer = kSavedCounter - 1;

// Both of setup_rt_frame and get_sigframe, arch/x86/kernel/signal.c.

bool lies_before_its_state(const Frame& frame, std::uint64_t address) {
  const std::uint64_t fp = frame.fpstate;
  return fp % kFpAlignment == 0 && address == ((fp - sizeof(Frame)) & ~(kFrameAlignment - 1)) - 8;
}

bool lies_as_laid_down(const Frame& frame, std::uint64_t fp_bytes) {
  const std::uint64_t fp = frame.fpstate;
  const std::uint64_t stack = frame.registers[kStackPointer];
  const bool same_stack = stack > fp && stack - fp < kNear;
  return !same_stack || fp == ((stack - kRedZone - fp_bytes) & ~(kFpAlignment - 1));
}

/// mov $SYS_rt_sigreturn, %rax or %eax; syscall
bool is_restorer(std::uint64_t address, Memory& memory) {
  constexpr std::array<std::uint8_t, 9> kWide{0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
  constexpr std::array<std::uint8_t, 7> kNarrow{0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};
  const auto code = memory.object<std::array<std::uint8_t, 9>>(address);
  return code && (*code == kWide || std::equal(kNarrow.begin(), kNarrow.end(), code->begin()));
}

/// How many bytes the state of the floating point unit has, if it is whole.
std::optional<std::uint64_t> state_bytes(std::uint64_t address, Memory& memory) {
  constexpr std::uint64_t kInLegacyState = 464;
  const auto software = memory.object<_fpx_sw_bytes>(address + kInLegacyState);
  if (!software || software->magic1 != FP_XSTATE_MAGIC1 || software->extended_size > kNear) return std::nullopt;
  if (software->extended_size != software->xstate_size + FP_XSTATE_MAGIC2_SIZE) return std::nullopt;
  const auto end = memory.object<std::uint32_t>(address + software->xstate_size);
  return end == FP_XSTATE_MAGIC2 ? std::optional<std::uint64_t>(software->extended_size) : std::nullopt;
}

struct WholeFrame {
  Frame frame;
  std::uint64_t fp_bytes;
};

/// Whatever registers it has saved.
std::optional<WholeFrame> whole_frame_at(std::uint64_t address, Memory& memory) {
  const auto frame = memory.object<Frame>(address);
  if (!frame || (frame->flags & ~kAllFlags) != 0 || frame->link != 0) return std::nullopt;
  if (!lies_before_its_state(*frame, address) || !is_restorer(frame->restorer, memory)) return std::nullopt;
  const auto fp_bytes = state_bytes(frame->fpstate, memory);
  return fp_bytes ? std::optional<WholeFrame>({*frame, *fp_bytes}) : std::nullopt;
}

std::uint64_t frame_around(std::uint64_t counter_at) {
  return counter_at - kSavedCounter * sizeof(std::uint64_t) - offsetof(Frame, registers);
}

}  // namespace

std::optional<std::uint64_t> mask_in_whole_frame(std::uint64_t registers, Memory& memory) {
  const auto whole = whole_frame_at(registers - offsetof(Frame, registers), memory);
  return whole && lies_as_laid_down(whole->frame, whole->fp_bytes) ? std::optional(whole->frame.mask) : std::nullopt;
}

AddressRange whole_frame_around(std::uint64_t counter_at, Memory& memory) {
  const std::uint64_t address = frame_around(counter_at);
  const auto whole = whole_frame_at(address, memory);
  return whole ? AddressRange{address, whole->frame.fpstate} : AddressRange{};
}

AddressRange alternate_stack_in_frame(std::uint64_t counter_at, Memory& memory) {
  const auto stack = memory.object<std::array<std::uint64_t, 3>>(frame_around(counter_at) + offsetof(Frame, stack));
  return stack ? AddressRange{(*stack)[0], (*stack)[0] + (*stack)[2]} : AddressRange{};
}

}  // namespace vdsotrace::arch
