#include "model/syscalls/process/exec.hpp"

#include <algorithm>
#include <array>
#include <climits>

#include <linux/sched.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/signals/signals.hpp"
#include "model/syscalls/time/values.hpp"

namespace vdsotrace {
namespace {

/// A pointer of the ABI at `address`.
std::optional<std::uint64_t> pointer_at(ArgContext& c, std::uint64_t address) {
  if (c.word() == 8) return c.memory().object<std::uint64_t>(address);
  const auto narrow = c.memory().object<std::uint32_t>(address);
  return narrow ? std::optional<std::uint64_t>(*narrow) : std::nullopt;
}

struct PointerCount {
  std::size_t count = 0;
  bool readable = false;
  bool terminated = false;
};

/// Length of a list of pointers that ends with a null.
PointerCount count_pointers(ArgContext& c, std::uint64_t address) {
  constexpr std::size_t kMostPointers = 1u << 17;
  std::array<std::byte, 512> chunk;
  PointerCount found;
  while (found.count < kMostPointers) {
    const std::size_t got = c.memory().read(address + found.count * c.word(), chunk);
    for (std::size_t at = 0; at + c.word() <= got; at += c.word()) {
      found.readable = true;
      const auto begin = chunk.begin() + static_cast<std::ptrdiff_t>(at);
      const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
      found.terminated = std::all_of(begin, begin + static_cast<std::ptrdiff_t>(c.word()), is_zero);
      if (found.terminated) return found;
      ++found.count;
    }
    if (got < chunk.size()) break;
  }
  return found;
}

constexpr std::array kCloneBits{NAMED(CLONE_VM),
                                NAMED(CLONE_FS),
                                NAMED(CLONE_FILES),
                                NAMED(CLONE_SIGHAND),
                                NAMED(CLONE_PIDFD),
                                NAMED(CLONE_PTRACE),
                                NAMED(CLONE_VFORK),
                                NAMED(CLONE_PARENT),
                                NAMED(CLONE_THREAD),
                                NAMED(CLONE_NEWNS),
                                NAMED(CLONE_SYSVSEM),
                                NAMED(CLONE_SETTLS),
                                NAMED(CLONE_PARENT_SETTID),
                                NAMED(CLONE_CHILD_CLEARTID),
                                NAMED(CLONE_UNTRACED),
                                NAMED(CLONE_CHILD_SETTID),
                                NAMED(CLONE_NEWCGROUP),
                                NAMED(CLONE_NEWUTS),
                                NAMED(CLONE_NEWIPC),
                                NAMED(CLONE_NEWUSER),
                                NAMED(CLONE_NEWPID),
                                NAMED(CLONE_NEWNET),
                                NAMED(CLONE_IO)};
/// clone3 only: the place of the first is the signal's in clone.
constexpr std::array kClone3Bits = [] {
  std::array<NamedValue, kCloneBits.size() + 3> bits{};
  auto* next = std::copy(kCloneBits.begin(), kCloneBits.end(), bits.begin());
  *next++ = NAMED(CLONE_NEWTIME);
  *next++ = NAMED(CLONE_CLEAR_SIGHAND);
  *next = NAMED(CLONE_INTO_CGROUP);
  return bits;
}();
constexpr std::array kUnshareBits{
    NAMED(CLONE_NEWTIME), NAMED(CLONE_VM),      NAMED(CLONE_FS),      NAMED(CLONE_FILES),     NAMED(CLONE_SIGHAND),
    NAMED(CLONE_THREAD),  NAMED(CLONE_NEWNS),   NAMED(CLONE_SYSVSEM), NAMED(CLONE_NEWCGROUP), NAMED(CLONE_NEWUTS),
    NAMED(CLONE_NEWIPC),  NAMED(CLONE_NEWUSER), NAMED(CLONE_NEWPID),  NAMED(CLONE_NEWNET)};

constexpr std::array kNamespaces{NAMED(CLONE_NEWTIME), NAMED(CLONE_NEWNS),  NAMED(CLONE_NEWCGROUP),
                                 NAMED(CLONE_NEWUTS),  NAMED(CLONE_NEWIPC), NAMED(CLONE_NEWUSER),
                                 NAMED(CLONE_NEWPID),  NAMED(CLONE_NEWNET)};

// Registers of clone: the last two change places on i386.
std::uint64_t clone_flags(ArgContext& c) { return c.arg(0); }
std::uint64_t clone_parent_tid(ArgContext& c) { return c.arg(2); }
std::uint64_t clone_child_tid(ArgContext& c) { return c.arg(c.call().abi == Abi::i386 ? 4 : 3); }
std::uint64_t clone_tls(ArgContext& c) { return c.arg(c.call().abi == Abi::i386 ? 3 : 4); }

/// Sizes of struct clone_args as it grew.
constexpr std::uint64_t kCloneArgsWithTid = 80;

void print_clone3_tids(ArgContext& c, const clone_args& args) {
  if (args.set_tid == 0 && args.set_tid_size == 0) return;
  c.put(", set_tid=");
  constexpr std::uint64_t kDeepest = 32;  // MAX_PID_NS_LEVEL
  if (args.set_tid_size == 0 || args.set_tid_size > kDeepest) {
    print_address(c, args.set_tid);
  } else {
    print_plain_array_at<std::int32_t>(c, args.set_tid, args.set_tid_size,
                                       [&](std::int32_t tid) { c.print("{}", tid); });
  }
  c.print(", set_tid_size={}", args.set_tid_size);
}

void print_clone3_members(ArgContext& c, const clone_args& args, std::uint64_t size) {
  const auto field = [&](std::string_view name, std::uint64_t address) {
    c.print(", {}=", name);
    print_address(c, address);
  };
  c.put("{flags=");
  print_flags(c, args.flags, kClone3Bits, "CLONE_???");
  if ((args.flags & CLONE_PIDFD) != 0) field("pidfd", args.pidfd);
  if ((args.flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) != 0) {
    field("child_tid", args.child_tid);
  }
  if ((args.flags & CLONE_PARENT_SETTID) != 0) field("parent_tid", args.parent_tid);
  c.put(", exit_signal=");
  if (args.exit_signal > INT_MAX) {
    c.print("{}", args.exit_signal);
  } else {
    print_signal(c, static_cast<int>(args.exit_signal));
  }
  field("stack", args.stack);
  c.put(", stack_size=");
  print_hex(c, args.stack_size);
  if ((args.flags & CLONE_SETTLS) != 0) field("tls", args.tls);
  if (size >= kCloneArgsWithTid) print_clone3_tids(c, args);
  if (size >= sizeof args && (args.cgroup != 0 || (args.flags & CLONE_INTO_CGROUP) != 0)) {
    c.print(", cgroup={}", args.cgroup);
  }
  print_rest_of_struct(c, c.value(), sizeof args, size);
  c.put("}");
}

/// What the kernel wrote where the structure pointed: " => {pidfd=[4], parent_tid=[17432]}".
void print_clone3_results(ArgContext& c, const clone_args& args) {
  constexpr std::string_view kBetween = ", ";
  std::string_view separator = " => {";
  const auto result = [&](std::string_view name, std::uint64_t bit, std::uint64_t address) {
    if ((args.flags & bit) == 0) return;
    const auto number = c.memory().object<std::int32_t>(address);
    c.print("{}{}=", separator, name);
    separator = kBetween;
    if (!number) {
      print_address(c, address);
      return;
    }
    c.print("[{}", *number);
    if (bit == CLONE_PIDFD) print_descriptor(c, *number);
    c.put("]");
  };
  result("pidfd", CLONE_PIDFD, args.pidfd);
  result("parent_tid", CLONE_PARENT_SETTID, args.parent_tid);
  // The kernel may write what lies behind, too.
  const std::size_t before = c.out().size();
  print_rest_of_struct(c, c.value(), sizeof args, c.arg(c.index() + 1));
  if (c.out().size() > before && separator != kBetween) c.out().replace(before, kBetween.size(), separator);
  if (c.out().size() > before || separator == kBetween) c.put("}");
}

void print_wait_status(ArgContext& c, std::uint32_t status) {
  const int bits = static_cast<int>(status & 0xffff);
  if (WIFCONTINUED(bits)) {
    c.put("[{WIFCONTINUED(s)}");
  } else if (WIFSTOPPED(bits)) {
    const int signal = WSTOPSIG(bits);
    c.print("[{{WIFSTOPPED(s) && WSTOPSIG(s) == {}{}}}", signal_name(signal & 0x7f),
            (signal & 0x80) != 0 ? " | 0x80" : "");
  } else if (WIFSIGNALED(bits)) {
    c.print("[{{WIFSIGNALED(s) && WTERMSIG(s) == {}{}}}", signal_name(WTERMSIG(bits)),
            WCOREDUMP(bits) ? " && WCOREDUMP(s)" : "");
  } else {
    c.print("[{{WIFEXITED(s) && WEXITSTATUS(s) == {}}}", WEXITSTATUS(bits));
  }
  static constexpr std::array kEvents{
      NAMED(PTRACE_EVENT_FORK),       NAMED(PTRACE_EVENT_VFORK), NAMED(PTRACE_EVENT_CLONE),   NAMED(PTRACE_EVENT_EXEC),
      NAMED(PTRACE_EVENT_VFORK_DONE), NAMED(PTRACE_EVENT_EXIT),  NAMED(PTRACE_EVENT_SECCOMP), NAMED(PTRACE_EVENT_STOP)};
  if (const std::uint32_t event = status >> 16) {
    c.put(" | ");
    print_choice(c, event, kEvents, "PTRACE_EVENT_???");
    c.put(" << 16");
  }
  c.put("]");
}

void print_usage(ArgContext& c, const rusage& usage) {
  c.put("{ru_utime=");
  print_timeval(c, usage.ru_utime);
  c.put(", ru_stime=");
  print_timeval(c, usage.ru_stime);
  if (c.abbreviated()) {
    c.put(", ...}");
    return;
  }
  const std::pair<std::string_view, long> counts[] = {
      {"ru_maxrss", usage.ru_maxrss}, {"ru_ixrss", usage.ru_ixrss},     {"ru_idrss", usage.ru_idrss},
      {"ru_isrss", usage.ru_isrss},   {"ru_minflt", usage.ru_minflt},   {"ru_majflt", usage.ru_majflt},
      {"ru_nswap", usage.ru_nswap},   {"ru_inblock", usage.ru_inblock}, {"ru_oublock", usage.ru_oublock},
      {"ru_msgsnd", usage.ru_msgsnd}, {"ru_msgrcv", usage.ru_msgrcv},   {"ru_nsignals", usage.ru_nsignals},
      {"ru_nvcsw", usage.ru_nvcsw},   {"ru_nivcsw", usage.ru_nivcsw}};
  for (const auto& [name, count] : counts) c.print(", {}={}", name, static_cast<unsigned long>(count));
  c.put("}");
}

/// Whether a wait call found a child; otherwise the kernel writes nothing.
bool found_child(ArgContext& c) { return !c.failed() && c.call().result > 0; }

}  // namespace

namespace {

void print_string_list(ArgContext& c) {
  const auto place = [&c](std::size_t index) { return c.value() + index * c.word(); };
  auto pointer = c.value() != 0 ? pointer_at(c, place(0)) : std::nullopt;
  if (!pointer) {
    print_address(c, c.value());
    return;
  }
  const std::size_t most = c.abbreviated() ? c.limits().string : SIZE_MAX;
  std::size_t shown = 0;
  c.put("[");
  for (; pointer.value_or(0) != 0 && shown < most; pointer = pointer_at(c, place(++shown))) {
    if (shown > 0) c.put(", ");
    print_string_at(c, *pointer);
  }
  if (!pointer) {
    c.print(", ... /* {:#x} */", place(shown));
  } else if (*pointer != 0) {
    c.put(shown > 0 ? ", ..." : "...");
  }
  c.put("]");
}

}  // namespace

void print_argv_arg(ArgContext& c) { print_string_list(c); }

void print_envp_arg(ArgContext& c) {
  if (!c.abbreviated()) {
    print_string_list(c);
    return;
  }
  print_address(c, c.value());
  if (c.value() == 0) return;
  const PointerCount found = count_pointers(c, c.value());
  if (!found.readable) return;
  c.print(" /* {} var{}{} */", found.count, found.count == 1 ? "" : "s", found.terminated ? "" : ", unterminated");
}

void print_clone_stack_arg(ArgContext& c) {
  c.put("child_stack=");
  print_address(c, c.arg(1));
}

void print_clone_flags_arg(ArgContext& c) {
  const std::uint64_t flags = clone_flags(c);
  const auto signal = static_cast<int>(flags & CSIGNAL);
  const std::uint64_t bits = flags & ~std::uint64_t{CSIGNAL};
  c.put("flags=");
  if (bits != 0 || signal == 0) print_flags(c, bits, kCloneBits, "CLONE_???");
  if (signal == 0) return;
  if (bits != 0) c.put("|");
  print_signal(c, signal);
}

void print_clone_parent_arg(ArgContext& c) {
  if ((clone_flags(c) & (CLONE_PARENT_SETTID | CLONE_PIDFD)) == 0) return;
  const std::uint64_t address = clone_parent_tid(c);
  const auto tid = c.failed() || address == 0 ? std::nullopt : c.memory().object<std::int32_t>(address);
  c.put("parent_tid=");
  if (tid) {
    c.print("[{}", *tid);
    if ((clone_flags(c) & CLONE_PIDFD) != 0) print_descriptor(c, *tid);
    c.put("]");
  } else {
    print_address(c, address);
  }
}

void print_clone_tls_arg(ArgContext& c) {
  if ((clone_flags(c) & CLONE_SETTLS) == 0) return;
  c.put("tls=");
  print_address(c, clone_tls(c));
}

void print_clone_child_arg(ArgContext& c) {
  if ((clone_flags(c) & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) == 0) return;
  c.put("child_tidptr=");
  print_address(c, clone_child_tid(c));
}

void print_clone3_arg(ArgContext& c) {
  const std::uint64_t size = c.arg(c.index() + 1);
  clone_args args{};
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, sizeof args));
  const auto bytes = std::as_writable_bytes(std::span(&args, 1)).first(wanted);
  const bool readable = c.value() != 0 && size >= CLONE_ARGS_SIZE_VER0 &&
                        c.entry_memory().read(c.value(), bytes) == wanted;
  if (c.exiting()) {
    if (readable && !c.failed()) print_clone3_results(c, args);
  } else if (readable) {
    print_clone3_members(c, args, size);
  } else {
    print_address(c, c.value());
  }
}

void print_unshare_flags_arg(ArgContext& c) { print_flags(c, c.value(), kUnshareBits, "CLONE_???"); }

void print_setns_flags_arg(ArgContext& c) { print_flags(c, c.as_uint(), kNamespaces, "CLONE_NEW???"); }

void print_wait_status_arg(ArgContext& c) {
  const auto status = found_child(c) && c.value() != 0 ? c.memory().object<std::uint32_t>(c.value()) : std::nullopt;
  if (status) {
    print_wait_status(c, *status);
  } else {
    print_address(c, c.value());
  }
}

void print_wait_usage_arg(ArgContext& c) {
  if (found_child(c)) {
    print_usage_arg(c);
  } else {
    print_address(c, c.value());
  }
}

/// Its times are followed by fourteen counts. x32's calls fill in ours.
template <>
struct NarrowLayout<rusage> {
  static constexpr bool kTime = true;
  struct Bytes {
    NarrowLayout<timeval>::Bytes user;
    NarrowLayout<timeval>::Bytes system;
    std::uint32_t counts[14];
  };
  static rusage widen(const Bytes& bytes) {
    rusage usage{};
    usage.ru_utime = NarrowLayout<timeval>::widen(bytes.user);
    usage.ru_stime = NarrowLayout<timeval>::widen(bytes.system);
    long* const counts[] = {&usage.ru_maxrss,  &usage.ru_ixrss,  &usage.ru_idrss,  &usage.ru_isrss,
                            &usage.ru_minflt,  &usage.ru_majflt, &usage.ru_nswap,  &usage.ru_inblock,
                            &usage.ru_oublock, &usage.ru_msgsnd, &usage.ru_msgrcv, &usage.ru_nsignals,
                            &usage.ru_nvcsw,   &usage.ru_nivcsw};
    for (std::size_t i = 0; i < std::size(counts); ++i) *counts[i] = static_cast<long>(bytes.counts[i]);
    return usage;
  }
};

void print_usage_arg(ArgContext& c) {
  print_object_at<rusage>(c, c.value(), [&](const rusage& usage) { print_usage(c, usage); });
}

void print_child_siginfo_arg(ArgContext& c) { print_siginfo_at(c, c.value()); }

}  // namespace vdsotrace
