// ptrace(): which of its arguments a request uses, and what they are.
#include <algorithm>
#include <array>
#include <cstring>

#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "model/syscalls/as_at_entry.hpp"
#include "model/syscalls/process/kinds.hpp"
#include "model/syscalls/process/ptrace_info.hpp"
#include "model/syscalls/signals/signals.hpp"

namespace vdsotrace {
namespace {

// Requests that only x86 has (arch/x86/include/uapi/asm/ptrace-abi.h) and newer ones.
enum : std::uint32_t {
  kGetRegs = 12,
  kSetRegs = 13,
  kGetFpregs = 14,
  kSetFpregs = 15,
  kArchPrctl = 30,
};

constexpr std::array kTraceOptions{NAMED(PTRACE_O_TRACESYSGOOD), NAMED(PTRACE_O_TRACEFORK),
                                   NAMED(PTRACE_O_TRACEVFORK),   NAMED(PTRACE_O_TRACECLONE),
                                   NAMED(PTRACE_O_TRACEEXEC),    NAMED(PTRACE_O_TRACEVFORKDONE),
                                   NAMED(PTRACE_O_TRACEEXIT),    NAMED(PTRACE_O_TRACESECCOMP),
                                   NAMED(PTRACE_O_EXITKILL),     NAMED(PTRACE_O_SUSPEND_SECCOMP)};
constexpr NameTable kOptionNames{kTraceOptions, "PTRACE_O_???"};

constexpr std::array kNotes{
    NamedValue{1, "NT_PRSTATUS"},         NamedValue{2, "NT_FPREGSET"}, NamedValue{3, "NT_PRPSINFO"},
    NamedValue{4, "NT_TASKSTRUCT"},       NamedValue{6, "NT_AUXV"},     NamedValue{0x202, "NT_X86_XSTATE"},
    NamedValue{0x46e62b7f, "NT_PRXFPREG"}};
constexpr NameTable kNoteNames{kNotes, "NT_???"};

/// Words of `struct user_regs_struct` in order.
constexpr std::array<std::string_view, 27> kRegisters{
    "R15", "R14",      "R13", "R12", "RBP",    "RBX", "R11", "R10",     "R9",      "R8", "RAX", "RCX", "RDX", "RSI",
    "RDI", "ORIG_RAX", "RIP", "CS",  "EFLAGS", "RSP", "SS",  "FS_BASE", "GS_BASE", "DS", "ES",  "FS",  "GS"};

void trace_options(ArgContext& c) { print_long_flags_arg<kOptionNames>(c); }
void note(ArgContext& c) { print_long_choice_arg<kNoteNames>(c); }

void user_offset(ArgContext& c) {
  const std::uint64_t word = c.value() / 8;
  if (c.value() % 8 == 0 && word < kRegisters.size()) {
    print_meaning_of(c, c.value(), [&] { c.print("8*{}", kRegisters[static_cast<std::size_t>(word)]); });
  } else {
    print_hex(c, c.value());
  }
}

void siginfo(ArgContext& c) { print_siginfo_at(c, c.value()); }
void siginfo_out(ArgContext& c) {
  if (!c.wait_for_exit()) siginfo(c);
}
void number_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_uint_at_arg(c);
}
void word_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_address_at_arg(c);
}
void sigset(ArgContext& c) { print_sigset_at(c, c.value(), c.arg(2)); }
void sigset_out(ArgContext& c) {
  if (!c.wait_for_exit()) sigset(c);
}
/// As many registers as there are bytes for: "{r15=0, r14=0x1}".
void print_general_registers(ArgContext& c, std::span<const std::byte> bytes) {
  for (std::size_t i = 0; i < kRegisters.size() && (i + 1) * sizeof(std::uint64_t) <= bytes.size(); ++i) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i * sizeof word, sizeof word);
    c.put(i == 0 ? "{" : ", ");
    for (const char letter : kRegisters[i])
      c.out().push_back(static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter));
    c.put("=");
    print_hex(c, word);
  }
  c.put(bytes.size() > kRegisters.size() * sizeof(std::uint64_t) ? ", ...}" : "}");
}

/// Members of `struct user_fpregs_struct` in order.
struct FloatRegisters {
  std::string_view name;
  std::size_t size;
  std::size_t count = 1;
};
constexpr FloatRegisters kFloatRegisters[] = {
    {"cwd", 2},   {"swd", 2},       {"ftw", 2},          {"fop", 2},           {"rip", 8},        {"rdp", 8},
    {"mxcsr", 4}, {"mxcr_mask", 4}, {"st_space", 4, 32}, {"xmm_space", 4, 64}, {"padding", 4, 24}};

/// As many numbers of a member as there are bytes for, which are taken from `bytes`.
void print_float_member(ArgContext& c, const FloatRegisters& member, std::span<const std::byte>& bytes) {
  if (member.count > 1) c.put("[");
  for (std::size_t i = 0; i < member.count && bytes.size() >= member.size; ++i) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), member.size);
    bytes = bytes.subspan(member.size);
    if (i != 0) c.put(", ");
    print_hex(c, value);
  }
  if (member.count > 1) c.put("]");
}

void print_float_registers(ArgContext& c, std::span<const std::byte> bytes) {
  c.put("{");
  for (const FloatRegisters& member : kFloatRegisters) {
    if (bytes.size() < member.size) break;
    c.print("{}{}=", &member == kFloatRegisters ? "" : ", ", member.name);
    print_float_member(c, member, bytes);
  }
  c.put(bytes.empty() ? "}" : ", ...}");
}

using PrintRegisters = void (*)(ArgContext&, std::span<const std::byte>);

/// `size` bytes of a set, which is made of words.
void print_register_set(ArgContext& c, std::uint64_t address, std::uint64_t size, PrintRegisters print) {
  // A word more than the largest set has, which says that there is more.
  std::array<std::byte, sizeof(user_fpregs_struct) + sizeof(std::uint64_t)> buffer;
  const auto bytes = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(size, buffer.size())));
  const bool unknown = c.exiting() && c.failed();
  if (address == 0 || unknown || bytes.empty() || size % sizeof(std::uint64_t) != 0 || !c.native_layout() ||
      c.memory().read(address, bytes) != bytes.size()) {
    print_address(c, address);
  } else {
    print(c, bytes);
  }
}

/// What a note (NT_PRSTATUS, ...) is made of.
PrintRegisters registers_of_note(const ArgContext& c) {
  constexpr std::uint64_t kGeneral = 1, kFloat = 2;
  return c.arg(2) == kGeneral ? print_general_registers : c.arg(2) == kFloat ? print_float_registers : nullptr;
}

/// Where a register set lies, with as much of it as there is; without a printer the address.
void print_register_range(ArgContext& c, const iovec& range, PrintRegisters print) {
  const auto address = reinterpret_cast<std::uintptr_t>(range.iov_base);
  c.put("{iov_base=");
  if (print != nullptr) {
    print_register_set(c, address, range.iov_len, print);
  } else {
    print_address(c, address);
  }
}

std::optional<iovec> range_in(ArgContext& c, Memory& memory) {
  return c.value() != 0 && c.native_layout() ? memory.object<iovec>(c.value()) : std::nullopt;
}

/// The kernel says how much of the range it has used. `sets`: the registers are those of the call's beginning.
template <bool kSets>
void register_range(ArgContext& c) {
  const auto given = range_in(c, c.entry_memory());
  const auto used = c.exiting() && !c.failed() ? range_in(c, c.memory()) : given;
  const bool known = kSets || (c.exiting() && !c.failed());
  if (given && used) {
    std::optional<AsAtEntry> before;
    if (kSets) before.emplace(c);
    print_register_range(c, kSets ? *given : *used, known ? registers_of_note(c) : nullptr);
    c.print(", iov_len={}", given->iov_len);
    if (used->iov_len != given->iov_len) c.print(" => {}", used->iov_len);
    c.put("}");
  } else {
    print_address(c, c.value());
  }
  c.wait_for_exit();
}

constexpr std::array kPeekFlags{NAMED(PTRACE_PEEKSIGINFO_SHARED)};

void peek_siginfo(ArgContext& c) {
  print_object_at<ptrace_peeksiginfo_args>(c, c.value(), [&](const ptrace_peeksiginfo_args& wanted) {
    c.print("{{off={}, flags=", wanted.off);
    print_flags(c, wanted.flags, kPeekFlags, "PTRACE_PEEKSIGINFO_???");
    c.print(", nr={}}}", wanted.nr);
  });
}
void registers(ArgContext& c) { print_register_set(c, c.value(), sizeof(user_regs_struct), print_general_registers); }
void registers_out(ArgContext& c) {
  if (!c.wait_for_exit()) registers(c);
}
void float_registers(ArgContext& c) {
  print_register_set(c, c.value(), sizeof(user_fpregs_struct), print_float_registers);
}
void float_registers_out(ArgContext& c) {
  if (!c.wait_for_exit()) float_registers(c);
}

void peeked_siginfos(ArgContext& c) {
  if (c.wait_for_exit()) return;
  const bool filled = !c.failed() && c.native_layout();
  if (!filled) {
    print_address(c, c.value());
    return;
  }
  const auto read = [&](std::uint64_t at) { return c.memory().object<siginfo_t>(at); };
  std::uint64_t at = c.value();
  print_elements_at(c, at, c.filled(UINT32_MAX), sizeof(siginfo_t), read, [&](const siginfo_t&) {
    print_siginfo_at(c, at);
    at += sizeof(siginfo_t);
  });
}

void seccomp_metadata(ArgContext& c) {
  const auto offset = c.arg(2) >= sizeof(std::uint64_t) && c.value() != 0
                          ? c.entry_memory().object<std::uint64_t>(c.value())
                          : std::nullopt;
  if (!offset) {
    print_address(c, c.value());
    return;
  }
  if (c.wait_for_exit()) return;
  c.print("{{filter_off={}", *offset);
  const auto flags = c.failed() ? std::nullopt : c.memory().object<std::uint64_t>(c.value() + sizeof *offset);
  if (flags && c.filled(c.arg(2)) > sizeof *offset) {
    static constexpr std::array kBits{NAMED(SECCOMP_FILTER_FLAG_TSYNC), NAMED(SECCOMP_FILTER_FLAG_LOG),
                                      NAMED(SECCOMP_FILTER_FLAG_SPEC_ALLOW)};
    c.put(", flags=");
    print_flags(c, *flags, kBits, "SECCOMP_FILTER_FLAG_???");
  }
  c.put("}");
}

struct Request {
  std::uint32_t value;
  std::string_view name;
  bool with_pid = true;
  Printer address = nullptr;  ///< null: not used
  Printer data = nullptr;
};
#define REQUEST(constant) static_cast<std::uint32_t>(constant), #constant

constexpr std::array kRequests{
    Request{REQUEST(PTRACE_TRACEME), false},
    Request{REQUEST(PTRACE_PEEKTEXT), true, print_address_arg, word_out},
    Request{REQUEST(PTRACE_PEEKDATA), true, print_address_arg, word_out},
    Request{3, "PTRACE_PEEKUSER", true, user_offset, word_out},
    Request{REQUEST(PTRACE_POKETEXT), true, print_address_arg, print_hex_arg},
    Request{REQUEST(PTRACE_POKEDATA), true, print_address_arg, print_hex_arg},
    Request{6, "PTRACE_POKEUSER", true, user_offset, print_hex_arg},
    Request{REQUEST(PTRACE_CONT), true, print_address_arg, print_signal_arg},
    Request{REQUEST(PTRACE_KILL)},
    Request{REQUEST(PTRACE_SINGLESTEP), true, print_address_arg, print_signal_arg},
    Request{kGetRegs, "PTRACE_GETREGS", true, nullptr, registers_out},
    Request{kSetRegs, "PTRACE_SETREGS", true, nullptr, registers},
    Request{kGetFpregs, "PTRACE_GETFPREGS", true, nullptr, float_registers_out},
    Request{kSetFpregs, "PTRACE_SETFPREGS", true, nullptr, float_registers},
    Request{REQUEST(PTRACE_ATTACH)},
    Request{REQUEST(PTRACE_DETACH), true, print_address_arg, print_signal_arg},
    Request{REQUEST(PTRACE_SYSCALL), true, print_address_arg, print_signal_arg},
    Request{31, "PTRACE_SYSEMU", true, print_address_arg, print_signal_arg},
    Request{32, "PTRACE_SYSEMU_SINGLESTEP", true, print_address_arg, print_signal_arg},
    Request{33, "PTRACE_SINGLEBLOCK", true, print_address_arg, print_signal_arg},
    Request{kArchPrctl, "PTRACE_ARCH_PRCTL", true, print_hex_arg, print_hex_arg},
    Request{REQUEST(PTRACE_SETOPTIONS), true, print_address_arg, trace_options},
    Request{REQUEST(PTRACE_GETEVENTMSG), true, print_address_arg, number_out},
    Request{REQUEST(PTRACE_GETSIGINFO), true, print_address_arg, siginfo_out},
    Request{REQUEST(PTRACE_SETSIGINFO), true, print_address_arg, siginfo},
    Request{REQUEST(PTRACE_GETREGSET), true, note, register_range<false>},
    Request{REQUEST(PTRACE_SETREGSET), true, note, register_range<true>},
    Request{REQUEST(PTRACE_SEIZE), true, print_address_arg, trace_options},
    Request{REQUEST(PTRACE_INTERRUPT)},
    Request{REQUEST(PTRACE_LISTEN)},
    Request{REQUEST(PTRACE_PEEKSIGINFO), true, peek_siginfo, peeked_siginfos},
    Request{REQUEST(PTRACE_GETSIGMASK), true, print_ulong_arg, sigset_out},
    Request{REQUEST(PTRACE_SETSIGMASK), true, print_ulong_arg, sigset},
    Request{REQUEST(PTRACE_SECCOMP_GET_FILTER), true, print_ulong_arg, print_address_arg},
    Request{REQUEST(PTRACE_SECCOMP_GET_METADATA), true, print_ulong_arg, seccomp_metadata},
    Request{REQUEST(PTRACE_GET_SYSCALL_INFO), true, print_ulong_arg, print_syscall_info},
    Request{REQUEST(PTRACE_GET_RSEQ_CONFIGURATION), true, print_hex_arg, print_address_arg},
};

const Request* request_of(ArgContext& c) {
  const auto value = static_cast<std::uint32_t>(c.arg(0));
  const auto* found =
      std::find_if(kRequests.begin(), kRequests.end(), [&](const Request& known) { return known.value == value; });
  return found == kRequests.end() ? nullptr : found;
}

void print_or_address(ArgContext& c, const Request* request, Printer Request::*member) {
  if (request == nullptr) {
    print_address(c, c.value());
  } else if (request->*member != nullptr) {
    (request->*member)(c);
  }
}

}  // namespace

void print_ptrace_request_arg(ArgContext& c) {
  if (const Request* request = request_of(c)) {
    print_constant(c, request->value, request->name);
  } else {
    print_choice(c, c.value(), {}, "PTRACE_???");
  }
}

void print_ptrace_pid_arg(ArgContext& c) {
  const Request* request = request_of(c);
  if (request == nullptr || request->with_pid) print_process(c, c.as_int(), ProcessKind::process);
}

void print_ptrace_address_arg(ArgContext& c) { print_or_address(c, request_of(c), &Request::address); }
void print_ptrace_data_arg(ArgContext& c) { print_or_address(c, request_of(c), &Request::data); }

}  // namespace vdsotrace
