#include "model/syscalls/signals/signals.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstdlib>

#include <linux/audit.h>

#include "base/number.hpp"
#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/errno.hpp"
#include "model/syscalls/layout.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/processes.hpp"
#include "model/syscalls/spec.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

/// Indexed by number (include/uapi/asm/signal.h). The kernel's first real-time signal is 32.
constexpr std::array<std::string_view, 33> kNames{
    "",         "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",  "SIGTRAP",   "SIGABRT",
    "SIGBUS",   "SIGFPE",  "SIGKILL",   "SIGUSR1", "SIGSEGV", "SIGUSR2",   "SIGPIPE",
    "SIGALRM",  "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP",   "SIGTSTP",
    "SIGTTIN",  "SIGTTOU", "SIGURG",    "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF",
    "SIGWINCH", "SIGIO",   "SIGPWR",    "SIGSYS",  "SIGRTMIN"};
constexpr int kFirstRealTime = 32;
constexpr int kLastSignal = 64;
constexpr unsigned kMaskBytes = 8;

constexpr NamedValue code(int value, std::string_view name) {
  return {static_cast<std::uint32_t>(value), name};
}

// Codes that every signal can have, then those of one signal (asm-generic/siginfo.h).
constexpr std::array kCommonCodes{
    code(0, "SI_USER"),      code(0x80, "SI_KERNEL"), code(-1, "SI_QUEUE"), code(-2, "SI_TIMER"),
    code(-3, "SI_MESGQ"),    code(-4, "SI_ASYNCIO"),  code(-5, "SI_SIGIO"), code(-6, "SI_TKILL"),
    code(-7, "SI_DETHREAD"), code(-60, "SI_ASYNCNL")};
constexpr std::array kTrapCodes{code(1, "TRAP_BRKPT"),  code(2, "TRAP_TRACE"),
                                code(3, "TRAP_BRANCH"), code(4, "TRAP_HWBKPT"),
                                code(5, "TRAP_UNK"),    code(6, "TRAP_PERF")};
constexpr std::array kChildCodes{code(1, "CLD_EXITED"),  code(2, "CLD_KILLED"),
                                 code(3, "CLD_DUMPED"),  code(4, "CLD_TRAPPED"),
                                 code(5, "CLD_STOPPED"), code(6, "CLD_CONTINUED")};
constexpr std::array kPollCodes{code(1, "POLL_IN"),  code(2, "POLL_OUT"), code(3, "POLL_MSG"),
                                code(4, "POLL_ERR"), code(5, "POLL_PRI"), code(6, "POLL_HUP")};
constexpr std::array kIllegalCodes{
    code(1, "ILL_ILLOPC"), code(2, "ILL_ILLOPN"), code(3, "ILL_ILLADR"),
    code(4, "ILL_ILLTRP"), code(5, "ILL_PRVOPC"), code(6, "ILL_PRVREG"),
    code(7, "ILL_COPROC"), code(8, "ILL_BADSTK"), code(9, "ILL_BADIADDR")};
constexpr std::array kFloatCodes{
    code(1, "FPE_INTDIV"),  code(2, "FPE_INTOVF"),   code(3, "FPE_FLTDIV"), code(4, "FPE_FLTOVF"),
    code(5, "FPE_FLTUND"),  code(6, "FPE_FLTRES"),   code(7, "FPE_FLTINV"), code(8, "FPE_FLTSUB"),
    code(14, "FPE_FLTUNK"), code(15, "FPE_CONDTRAP")};
constexpr std::array kSegmentCodes{
    code(1, "SEGV_MAPERR"),  code(2, "SEGV_ACCERR"),  code(3, "SEGV_BNDERR"),
    code(4, "SEGV_PKUERR"),  code(5, "SEGV_ACCADI"),  code(6, "SEGV_ADIDERR"),
    code(7, "SEGV_ADIPERR"), code(8, "SEGV_MTEAERR"), code(9, "SEGV_MTESERR")};
constexpr std::array kBusCodes{code(1, "BUS_ADRALN"), code(2, "BUS_ADRERR"), code(3, "BUS_OBJERR"),
                               code(4, "BUS_MCEERR_AR"), code(5, "BUS_MCEERR_AO")};
constexpr std::array kSysCodes{code(1, "SYS_SECCOMP"), code(2, "SYS_USER_DISPATCH")};

struct SignalCodes {
  int signal;
  std::span<const NamedValue> codes;
};
constexpr std::array kCodesOf{SignalCodes{SIGTRAP, kTrapCodes}, SignalCodes{SIGCHLD, kChildCodes},
                              SignalCodes{SIGIO, kPollCodes},   SignalCodes{SIGILL, kIllegalCodes},
                              SignalCodes{SIGFPE, kFloatCodes}, SignalCodes{SIGSEGV, kSegmentCodes},
                              SignalCodes{SIGBUS, kBusCodes},   SignalCodes{SIGSYS, kSysCodes}};

std::string_view name_in(std::span<const NamedValue> table, std::uint64_t value) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const NamedValue& known) { return known.value == value; });
  return found == table.end() ? std::string_view() : found->name;
}

/// A constant whose name is `name`; empty: it has none.
std::string constant_text(ConstantStyle style, std::string number, std::string_view name) {
  if (name.empty() || style == ConstantStyle::raw) return number;
  if (style == ConstantStyle::abbrev) return std::string(name);
  return fmt::format("{} /* {} */", number, name);
}

std::string hex_text(std::uint64_t value) { return value == 0 ? "0" : fmt::format("{:#x}", value); }

std::string signal_text(ConstantStyle style, int signal) {
  return constant_text(style, fmt::format("{}", signal), is_signal(signal) ? signal_name(signal) : std::string());
}

std::string code_name(const siginfo_t& info, ConstantStyle style) {
  const auto value = static_cast<std::uint32_t>(info.si_code);
  std::string_view name = name_in(kCommonCodes, value);
  const auto of_signal =
      std::find_if(kCodesOf.begin(), kCodesOf.end(),
                   [&](const SignalCodes& codes) { return codes.signal == info.si_signo; });
  if (name.empty() && of_signal != kCodesOf.end()) name = name_in(of_signal->codes, value);
  return constant_text(style, hex_text(value), name);
}

std::string address_text(const void* address) {
  return address == nullptr ? std::string("NULL")
                            : fmt::format("{:#x}", reinterpret_cast<std::uintptr_t>(address));
}

void append_source(std::string& out, const siginfo_t& info, std::string_view sender) {
  append_format(
      out, ", si_pid={}{}, si_uid={}", info.si_pid, sender,
      info.si_uid == static_cast<uid_t>(-1) ? std::string("-1") : fmt::format("{}", info.si_uid));
}

void append_value(std::string& out, const siginfo_t& info) {
  append_format(out, ", si_int={}, si_ptr={}", info.si_value.sival_int,
                 address_text(info.si_value.sival_ptr));
}

/// A time in clock ticks, of which there are 100 in a second (USER_HZ).
void append_ticks(std::string& out, std::string_view name, long ticks) {
  append_format(out, ", {}={}", name, ticks);
  if (ticks != 0) {
    append_format(out, " /* {}.{:02} s */", ticks / 100, std::abs(ticks % 100));
  }
}

void append_errno(std::string& out, int error, ConstantStyle style) {
  if (error == 0) return;
  append_format(out, ", si_errno={}", constant_text(style, fmt::format("{}", static_cast<std::uint32_t>(error)), errno_name(error)));
}

void append_descriptor(std::string& out, const siginfo_t& info, std::string_view descriptor) {
  append_format(out, ", si_band={}, si_fd={}{}", info.si_band, info.si_fd, descriptor);
}

void append_from_user(std::string& out, const siginfo_t& info, const SiginfoFacts& facts) {
  const std::string_view sender = facts.sender;
  switch (info.si_code) {
    case SI_USER:
    case SI_TKILL: append_source(out, info, sender); break;
    case SI_TIMER:
      append_format(out, ", si_timerid={}, si_overrun={}",
                     hex_text(static_cast<std::uint32_t>(info.si_timerid)),
                     info.si_overrun);
      append_value(out, info);
      break;
    case SI_SIGIO: append_descriptor(out, info, facts.descriptor); break;
    default:
      append_source(out, info, sender);
      if (info.si_value.sival_ptr != nullptr) append_value(out, info);
  }
}

void append_child(std::string& out, const siginfo_t& info, ConstantStyle style, std::string_view sender) {
  append_source(out, info, sender);
  append_format(
      out, ", si_status={}",
      info.si_code == CLD_EXITED ? fmt::format("{}", info.si_status) : signal_text(style, info.si_status));
  append_ticks(out, "si_utime", info.si_utime);
  append_ticks(out, "si_stime", info.si_stime);
}

void append_fault(std::string& out, const siginfo_t& info) {
  append_format(out, ", si_addr={}", address_text(info.si_addr));
  if (info.si_signo == SIGBUS && (info.si_code == BUS_MCEERR_AR || info.si_code == BUS_MCEERR_AO)) {
    append_format(out, ", si_addr_lsb={}", hex_text(static_cast<std::uint16_t>(info.si_addr_lsb)));
  }
  if (info.si_signo != SIGSEGV) return;
  if (info.si_code == SEGV_BNDERR) {
    append_format(out, ", si_lower={}, si_upper={}", address_text(info.si_lower),
                   address_text(info.si_upper));
  } else if (info.si_code == SEGV_PKUERR) {
    append_format(out, ", si_pkey={}", info.si_pkey);
  }
}

void append_filtered_call(std::string& out, const siginfo_t& info, ConstantStyle style) {
  const bool compat = info.si_arch == AUDIT_ARCH_I386;
  const auto nr = static_cast<std::int64_t>(info.si_syscall);
  const Abi abi = compat ? Abi::i386 : (static_cast<std::uint64_t>(nr) & number_bit(Abi::x32)) != 0 ? Abi::x32 : Abi::x86_64;
  const bool known = compat || info.si_arch == AUDIT_ARCH_X86_64;
  const CallSpec* spec = known ? spec_of(abi, nr) : nullptr;
  const auto named = [&](std::uint64_t value, const std::string& name, std::string_view unknown) {
    if (!name.empty() || style == ConstantStyle::raw) return constant_text(style, hex_text(value), name);
    return fmt::format("{:#x} /* {} */", value, unknown);
  };
  const std::string call = spec == nullptr
                               ? fmt::format("{}", static_cast<std::uint32_t>(nr))
                               : named(static_cast<std::uint32_t>(nr), fmt::format("__NR_{}", spec->name), "");
  const std::string arch = named(
      info.si_arch, compat ? "AUDIT_ARCH_I386" : info.si_arch == AUDIT_ARCH_X86_64 ? "AUDIT_ARCH_X86_64" : "", "AUDIT_ARCH_???");
  append_format(out, ", si_call_addr={}, si_syscall={}, si_arch={}",
                 address_text(info.si_call_addr), call, arch);
}

/// Whether the rest of it is about a descriptor.
bool is_of_descriptor(const siginfo_t& info) {
  return info.si_code == SI_SIGIO || (info.si_signo == SIGIO && info.si_code >= POLL_IN && info.si_code <= POLL_MSG);
}

void append_from_kernel(std::string& out, const siginfo_t& info, ConstantStyle style, const SiginfoFacts& facts) {
  const std::string_view sender = facts.sender;
  switch (info.si_signo) {
    case SIGCHLD: append_child(out, info, style, sender); break;
    case SIGILL:
    case SIGFPE:
    case SIGBUS:
    case SIGSEGV:
    case SIGTRAP: append_fault(out, info); break;
    case SIGIO:
      if (is_of_descriptor(info)) append_descriptor(out, info, facts.descriptor);
      break;
    case SIGSYS: append_filtered_call(out, info, style); break;
    default:
      if (info.si_pid != 0 || info.si_uid != 0) append_source(out, info, sender);
      if (info.si_value.sival_ptr != nullptr) append_value(out, info);
  }
}

/// A set of `bits` signals, of which strace names those that are missing if most are there.
std::string set_text(std::uint64_t mask, unsigned bits, ConstantStyle style) {
  const std::uint64_t all = bits == 64 ? ~0ULL : (1ULL << bits) - 1;
  std::string out;
  mask &= all;
  if (static_cast<unsigned>(std::popcount(mask)) >= bits * 2 / 3) {
    mask = ~mask & all;
    out.push_back('~');
  }
  out.push_back('[');
  for (bool first = true; mask != 0; mask &= mask - 1, first = false) {
    if (!first) out.push_back(' ');
    const int signal = std::countr_zero(mask) + 1;
    out.append(constant_text(style, fmt::format("{}", signal), signal_name(signal).substr(3)));
  }
  out.push_back(']');
  return out;
}

}  // namespace

std::string signal_name(int signal) {
  if (signal > 0 && static_cast<std::size_t>(signal) < kNames.size()) {
    return std::string(kNames[static_cast<std::size_t>(signal)]);
  }
  if (signal > kFirstRealTime && signal <= kLastSignal) {
    return fmt::format("SIGRT_{}", signal - kFirstRealTime);
  }
  return fmt::format("{}", signal);
}

bool is_signal(int signal) { return signal > 0 && signal <= kLastSignal; }

int signal_named(std::string_view word) {
  if (const auto number = parse_number<int>(word)) return is_signal(*number) ? *number : 0;
  std::string upper(word);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (!upper.starts_with("SIG")) upper = fmt::format("SIG{}", upper);
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    if (signal_name(signal) == upper) return signal;
  }
  return 0;
}

std::string signal_set(std::uint64_t mask, ConstantStyle style) { return set_text(mask, 64, style); }

std::string render_siginfo(const siginfo_t& info, ConstantStyle style, const SiginfoFacts& facts) {
  std::string out = "{";
  if (info.si_signo != 0) {
    append_format(out, "si_signo={}, si_code={}", signal_text(style, info.si_signo),
                   code_name(info, style));
    append_errno(out, info.si_errno, style);
    if (info.si_code <= 0) {
      append_from_user(out, info, facts);
    } else {
      append_from_kernel(out, info, style, facts);
    }
  }
  out.push_back('}');
  return out;
}

void print_sigset_at(ArgContext& c, std::uint64_t address, std::uint64_t size,
                     std::uint64_t least) {
  std::uint64_t mask = 0;
  const bool filled = !(c.exiting() && c.failed());
  if (address != 0 && filled && size >= (least != 0 ? least : c.word()) && size <= kMaskBytes) {
    const auto bytes = std::as_writable_bytes(std::span(&mask, 1)).first(size);
    if (c.memory().read(address, bytes) == size) {
      c.put(set_text(mask, static_cast<unsigned>((size + 3) / 4 * 32), c.constants()));
      return;
    }
  }
  print_address(c, address);
}

/// i386's (arch/x86/include/asm/compat.h, asm-generic/compat.h: struct compat_siginfo). What the words behind the code
/// mean goes by signal and code, as in the kernel's post_copy_siginfo_from_user32().
template <>
struct NarrowLayout<siginfo_t> {
  struct Bytes {
    std::int32_t signal;
    std::int32_t error;
    std::int32_t code;
    std::uint32_t words[5];
  };
  static siginfo_t widen(const Bytes& bytes) {
    siginfo_t info{};
    info.si_signo = bytes.signal;
    info.si_errno = bytes.error;
    info.si_code = bytes.code;
    if (bytes.code <= 0) {
      // A timer's number and overruns lie where others have pid and uid.
      place_sender(info, bytes);
      info.si_value.sival_ptr = pointer(bytes.words[2]);
    } else if (bytes.signal == SIGCHLD) {
      place_sender(info, bytes);
      info.si_status = static_cast<int>(bytes.words[2]);
      info.si_utime = static_cast<std::int32_t>(bytes.words[3]);
      info.si_stime = static_cast<std::int32_t>(bytes.words[4]);
    } else if (bytes.signal == SIGIO) {
      info.si_band = static_cast<std::int32_t>(bytes.words[0]);
      info.si_fd = static_cast<int>(bytes.words[1]);
    } else if (bytes.signal == SIGSYS) {
      info.si_call_addr = pointer(bytes.words[0]);
      info.si_syscall = static_cast<int>(bytes.words[1]);
      info.si_arch = bytes.words[2];
    } else {
      info.si_addr = pointer(bytes.words[0]);
    }
    return info;
  }

 private:
  static void* pointer(std::uint32_t word) { return reinterpret_cast<void*>(std::uintptr_t{word}); }
  static void place_sender(siginfo_t& info, const Bytes& bytes) {
    info.si_pid = static_cast<pid_t>(bytes.words[0]);
    info.si_uid = bytes.words[1];
  }
};

namespace {

/// What `print` writes.
template <class Print>
std::string text_of(ArgContext& c, Print&& print) {
  std::string text;
  std::swap(text, c.out());
  print();
  std::swap(text, c.out());
  return text;
}

}  // namespace

void print_siginfo_at(ArgContext& c, std::uint64_t address) {
  print_object_at<siginfo_t>(c, address, [&](const siginfo_t& info) {
    const bool has_descriptor = is_of_descriptor(info) && info.si_fd >= 0;
    const std::string sender =
        has_descriptor ? std::string() : text_of(c, [&] { print_process_facts(c, info.si_pid, ProcessKind::process); });
    const std::string descriptor =
        has_descriptor ? text_of(c, [&] { print_descriptor(c, info.si_fd); }) : std::string();
    c.put(render_siginfo(info, c.constants(), {sender, descriptor}));
  });
}

void append_sigval(std::string& out, const sigval& value) {
  append_format(out, "{{sival_int={}, sival_ptr={}}}", value.sival_int,
                 address_text(value.sival_ptr));
}

}  // namespace vdsotrace
