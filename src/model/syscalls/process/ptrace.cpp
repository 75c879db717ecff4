// ptrace(): which of its arguments a request uses, and what they are.
#include <algorithm>
#include <array>
#include <bit>

#include <linux/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

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

constexpr std::array kNotes{NamedValue{1, "NT_PRSTATUS"}, NamedValue{2, "NT_FPREGSET"},
                            NamedValue{0x202, "NT_X86_XSTATE"}, NamedValue{0x46e62b7f, "NT_PRXFPREG"}};
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
void iovec_at(ArgContext& c) {
  print_object_at<iovec>(c, c.value(), [&](const iovec& range) {
    c.put("{iov_base=");
    print_address(c, reinterpret_cast<std::uintptr_t>(range.iov_base));
    c.print(", iov_len={}}}", range.iov_len);
  });
}
void peek_siginfo(ArgContext& c) {
  print_object_at<ptrace_peeksiginfo_args>(c, c.value(), [&](const ptrace_peeksiginfo_args& wanted) {
    c.print("{{off={}, flags=", wanted.off);
    print_hex(c, wanted.flags);
    c.print(", nr={}}}", wanted.nr);
  });
}
void registers(ArgContext& c) {
  print_object_at<user_regs_struct>(c, c.value(), [&](const user_regs_struct& regs) {
    const auto words = std::bit_cast<std::array<std::uint64_t, kRegisters.size()>>(regs);
    for (std::size_t i = 0; i < words.size(); ++i) {
      c.put(i == 0 ? "{" : ", ");
      for (const char letter : kRegisters[i]) {
        c.out().push_back(static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter));
      }
      c.put("=");
      print_hex(c, words[i]);
    }
    c.put("}");
  });
}
void registers_out(ArgContext& c) {
  if (!c.wait_for_exit()) registers(c);
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
    Request{kGetFpregs, "PTRACE_GETFPREGS", true, nullptr, print_address_arg},
    Request{kSetFpregs, "PTRACE_SETFPREGS", true, nullptr, print_address_arg},
    Request{REQUEST(PTRACE_ATTACH)},
    Request{REQUEST(PTRACE_DETACH), true, print_address_arg, print_signal_arg},
    Request{REQUEST(PTRACE_SYSCALL), true, print_address_arg, print_signal_arg},
    Request{kArchPrctl, "PTRACE_ARCH_PRCTL", true, print_hex_arg, print_hex_arg},
    Request{REQUEST(PTRACE_SETOPTIONS), true, print_address_arg, trace_options},
    Request{REQUEST(PTRACE_GETEVENTMSG), true, print_address_arg, number_out},
    Request{REQUEST(PTRACE_GETSIGINFO), true, print_address_arg, siginfo_out},
    Request{REQUEST(PTRACE_SETSIGINFO), true, print_address_arg, siginfo},
    Request{REQUEST(PTRACE_GETREGSET), true, note, iovec_at},
    Request{REQUEST(PTRACE_SETREGSET), true, note, iovec_at},
    Request{REQUEST(PTRACE_SEIZE), true, print_address_arg, trace_options},
    Request{REQUEST(PTRACE_INTERRUPT)},
    Request{REQUEST(PTRACE_LISTEN)},
    Request{REQUEST(PTRACE_PEEKSIGINFO), true, peek_siginfo, print_address_arg},
    Request{REQUEST(PTRACE_GETSIGMASK), true, print_ulong_arg, sigset_out},
    Request{REQUEST(PTRACE_SETSIGMASK), true, print_ulong_arg, sigset},
    Request{REQUEST(PTRACE_SECCOMP_GET_FILTER), true, print_ulong_arg, print_address_arg},
    Request{REQUEST(PTRACE_SECCOMP_GET_METADATA), true, print_ulong_arg, print_address_arg},
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
