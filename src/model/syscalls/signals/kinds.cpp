#include "model/syscalls/signals/kinds.hpp"

#include <array>
#include <csignal>

#include "model/syscalls/signals/signals.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kRestorer = 0x04000000;
constexpr std::array kActionFlags{NamedValue{kRestorer, "SA_RESTORER"},
                                  NAMED(SA_ONSTACK),
                                  NAMED(SA_RESTART),
                                  NAMED(SA_INTERRUPT),
                                  NAMED(SA_NODEFER),
                                  NamedValue{0x80000000, "SA_RESETHAND"},
                                  NAMED(SA_SIGINFO),
                                  NAMED(SA_NOCLDSTOP),
                                  NAMED(SA_NOCLDWAIT)};
constexpr std::array kHandlers{NamedValue{0, "SIG_DFL"}, NamedValue{1, "SIG_IGN"}, NamedValue{UINT64_MAX, "SIG_ERR"}};

// The kernel's own layouts; libc's differ.
struct KernelSigaction {
  std::uint64_t handler;
  std::uint64_t flags;
  std::uint64_t restorer;
  std::uint64_t mask;
};
struct KernelStack {
  std::uint64_t pointer;
  std::uint32_t flags;
  std::uint32_t padding;
  std::uint64_t size;
};
/// Where a signal frame keeps the mask: uc_sigmask of the ucontext that the stack
/// pointer stands at when the handler has returned to the trampoline.
constexpr std::uint64_t kFrameMask = 296;

void print_handler(ArgContext& c, std::uint64_t handler) {
  for (const NamedValue& known : kHandlers) {
    if (known.value != handler) continue;
    print_constant(c, handler, known.name);
    return;
  }
  print_address(c, handler);
}

/// i386's signal frames, from where the stack pointer stands in the trampoline (arch/x86/include/asm/sigframe.h).
constexpr std::uint64_t kFrameMask32 = 248;
constexpr std::uint64_t kOldFrameMask = 80;        ///< sigcontext_32.oldmask
constexpr std::uint64_t kOldFrameExtraMask = 712;  ///< behind room for the old floating-point state

void print_frame_32(ArgContext& c) {
  const std::uint64_t frame = c.call().stack_pointer;
  if (c.call().name == "rt_sigreturn") {
    print_sigset_at(c, frame + kFrameMask32, sizeof(std::uint64_t));
    return;
  }
  const auto low = c.memory().object<std::uint32_t>(frame + kOldFrameMask);
  const auto high = c.memory().object<std::uint32_t>(frame + kOldFrameExtraMask);
  if (low && high) c.put(signal_set(*low | std::uint64_t{*high} << 32, c.constants()));
}

}  // namespace

template <>
struct NarrowLayout<KernelSigaction> {
  struct Bytes {
    std::uint32_t handler;
    std::uint32_t flags;
    std::uint32_t restorer;
    std::uint32_t mask[2];
  };
  static KernelSigaction widen(const Bytes& bytes) {
    return {bytes.handler, bytes.flags, bytes.restorer, bytes.mask[0] | std::uint64_t{bytes.mask[1]} << 32};
  }
};
template <>
struct NarrowLayout<KernelStack> {
  struct Bytes {
    std::uint32_t pointer;
    std::uint32_t flags;
    std::uint32_t size;
  };
  static KernelStack widen(const Bytes& bytes) { return {bytes.pointer, bytes.flags, 0, bytes.size}; }
};

void print_sigaction_arg(ArgContext& c) {
  print_object_at<KernelSigaction>(c, c.value(), [&](const KernelSigaction& action) {
    c.put("{sa_handler=");
    print_handler(c, action.handler);
    c.print(", sa_mask={}, sa_flags=", signal_set(action.mask, c.constants()));
    print_flags(c, action.flags, kActionFlags, "SA_???");
    if ((action.flags & kRestorer) != 0) {
      c.put(", sa_restorer=");
      print_address(c, action.restorer);
    }
    c.put("}");
  });
}

void print_stack_arg(ArgContext& c) {
  static constexpr std::array kFlags{NAMED(SS_ONSTACK), NAMED(SS_DISABLE), NamedValue{1u << 31, "SS_AUTODISARM"}};
  print_object_at<KernelStack>(c, c.value(), [&](const KernelStack& stack) {
    c.put("{ss_sp=");
    print_address(c, stack.pointer);
    c.put(", ss_flags=");
    print_flags(c, stack.flags, kFlags, "SS_???");
    c.print(", ss_size={}}}", stack.size);
  });
}

void print_signal_frame_arg(ArgContext& c) {
  if (c.call().abi == Abi::x32 || c.call().stack_pointer == 0) return;
  c.put("{mask=");
  if (c.call().abi == Abi::i386) {
    print_frame_32(c);
  } else {
    print_sigset_at(c, c.call().stack_pointer + kFrameMask, sizeof(std::uint64_t));
  }
  c.put("}");
}

void print_siginfo_arg(ArgContext& c) { print_siginfo_at(c, c.value()); }

void print_pending_arg(ArgContext& c) { print_sigset_at(c, c.value(), c.arg(c.index() + 1), 1); }

void print_handler_arg(ArgContext& c) { print_handler(c, c.value()); }

void comment_signal(ArgContext& c) {
  if (c.call().result != 0) c.print("({})", signal_name(static_cast<int>(c.call().result)));
}

}  // namespace vdsotrace
