// prctl(): what its up to four arguments and its result are, by option.
#include <algorithm>
#include <array>

#include <linux/prctl.h>
#include <linux/securebits.h>

#include "model/syscalls/process/kinds.hpp"
#include "model/syscalls/signals/signals.hpp"

namespace vdsotrace {
namespace {

// Names for values.
constexpr std::array kDumpable{NamedValue{0, "SUID_DUMP_DISABLE"}, NamedValue{1, "SUID_DUMP_USER"},
                               NamedValue{2, "SUID_DUMP_ROOT"}};
constexpr NameTable kDumpableNames{kDumpable, "SUID_DUMP_???"};
constexpr std::array kUnaligned{NAMED(PR_UNALIGN_NOPRINT), NAMED(PR_UNALIGN_SIGBUS)};
constexpr NameTable kUnalignedNames{kUnaligned, "PR_UNALIGN_???"};
constexpr std::array kSecureBits{NAMED(SECBIT_NOROOT),
                                 NAMED(SECBIT_NOROOT_LOCKED),
                                 NAMED(SECBIT_NO_SETUID_FIXUP),
                                 NAMED(SECBIT_NO_SETUID_FIXUP_LOCKED),
                                 NAMED(SECBIT_KEEP_CAPS),
                                 NAMED(SECBIT_KEEP_CAPS_LOCKED),
                                 NAMED(SECBIT_NO_CAP_AMBIENT_RAISE),
                                 NAMED(SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)};
constexpr NameTable kSecureBitNames{kSecureBits, "SECBIT_???"};
constexpr std::array kTsc{NAMED(PR_TSC_ENABLE), NAMED(PR_TSC_SIGSEGV)};
constexpr NameTable kTscNames{kTsc, "PR_TSC_???"};
constexpr std::array kKillModes{NAMED(PR_MCE_KILL_CLEAR), NAMED(PR_MCE_KILL_SET)};
constexpr NameTable kKillModeNames{kKillModes, "PR_MCE_KILL_???"};
constexpr std::array kKillPolicies{NAMED(PR_MCE_KILL_LATE), NAMED(PR_MCE_KILL_EARLY), NAMED(PR_MCE_KILL_DEFAULT)};
constexpr NameTable kKillPolicyNames{kKillPolicies, "PR_MCE_KILL_???"};
constexpr std::array kAmbient{NAMED(PR_CAP_AMBIENT_IS_SET), NAMED(PR_CAP_AMBIENT_RAISE), NAMED(PR_CAP_AMBIENT_LOWER),
                              NAMED(PR_CAP_AMBIENT_CLEAR_ALL)};
constexpr NameTable kAmbientNames{kAmbient, "PR_CAP_AMBIENT_???"};
constexpr std::array kMemory{NAMED(PR_SET_MM_START_CODE), NAMED(PR_SET_MM_END_CODE),    NAMED(PR_SET_MM_START_DATA),
                             NAMED(PR_SET_MM_END_DATA),   NAMED(PR_SET_MM_START_STACK), NAMED(PR_SET_MM_START_BRK),
                             NAMED(PR_SET_MM_BRK),        NAMED(PR_SET_MM_ARG_START),   NAMED(PR_SET_MM_ARG_END),
                             NAMED(PR_SET_MM_ENV_START),  NAMED(PR_SET_MM_ENV_END),     NAMED(PR_SET_MM_AUXV),
                             NAMED(PR_SET_MM_EXE_FILE),   NAMED(PR_SET_MM_MAP),         NAMED(PR_SET_MM_MAP_SIZE)};
constexpr NameTable kMemoryNames{kMemory, "PR_SET_MM_???"};
constexpr std::array kSpeculations{NAMED(PR_SPEC_STORE_BYPASS), NAMED(PR_SPEC_INDIRECT_BRANCH),
                                   NAMED(PR_SPEC_L1D_FLUSH)};
constexpr NameTable kSpeculationNames{kSpeculations, "PR_SPEC_???"};
constexpr std::array kSpeculationStates{NAMED(PR_SPEC_ENABLE), NAMED(PR_SPEC_DISABLE), NAMED(PR_SPEC_FORCE_DISABLE),
                                        NAMED(PR_SPEC_DISABLE_NOEXEC)};
constexpr NameTable kSpeculationStateNames{kSpeculationStates, "PR_SPEC_???"};
constexpr std::array kDispatch{NAMED(PR_SYS_DISPATCH_OFF), NAMED(PR_SYS_DISPATCH_ON)};
constexpr NameTable kDispatchNames{kDispatch, "PR_SYS_DISPATCH_???"};
constexpr std::array kCores{NAMED(PR_SCHED_CORE_GET), NAMED(PR_SCHED_CORE_CREATE), NAMED(PR_SCHED_CORE_SHARE_TO),
                            NAMED(PR_SCHED_CORE_SHARE_FROM)};
constexpr NameTable kCoreNames{kCores, "PR_SCHED_CORE_???"};
constexpr std::array kCoreScopes{NamedValue{0, "PIDTYPE_PID"}, NamedValue{1, "PIDTYPE_TGID"},
                                 NamedValue{2, "PIDTYPE_PGID"}};
constexpr std::array kAreas{NAMED(PR_SET_VMA_ANON_NAME)};
constexpr NameTable kAreaNames{kAreas, "PR_SET_VMA_???"};

// Arguments.
void dec(ArgContext& c) { print_ulong_arg(c); }
void hex(ArgContext& c) { print_hex_arg(c); }
void address(ArgContext& c) { print_address_arg(c); }
template <const NameTable& kNames>
void choice(ArgContext& c) {
  print_long_choice_arg<kNames>(c);
}
void secure_bits(ArgContext& c) { print_long_flags_arg<kSecureBitNames>(c); }
void signal(ArgContext& c) { print_signal_arg(c); }
void capability(ArgContext& c) { print_capability(c, c.value()); }
void string(ArgContext& c) { print_string_at(c, c.value()); }

void number_at(ArgContext& c) {
  if (!c.wait_for_exit()) print_uint_at_arg(c);
}
void address_at(ArgContext& c) {
  if (!c.wait_for_exit()) print_address_at_arg(c);
}
void signal_at(ArgContext& c) {
  if (c.wait_for_exit()) return;
  print_object_at<std::int32_t>(c, c.value(), [&](std::int32_t number) {
    c.put("[");
    print_signal(c, number);
    c.put("]");
  });
}
template <const NameTable& kNames>
void choice_at(ArgContext& c) {
  if (c.wait_for_exit()) return;
  print_object_at<std::uint32_t>(c, c.value(), [&](std::uint32_t value) {
    c.put("[");
    print_choice(c, value, kNames.values, kNames.unknown);
    c.put("]");
  });
}

/// A thread's name has at most 15 characters.
void thread_name(ArgContext& c) {
  std::array<std::byte, 16> name;
  if (c.value() == 0 || (c.exiting() && c.failed())) {
    print_address(c, c.value());
    return;
  }
  const std::size_t got = c.text_memory().read(c.value(), name);
  const auto end = std::find(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(got), std::byte{0});
  const auto length = static_cast<std::size_t>(end - name.begin());
  if (length == got && got < name.size()) {
    print_address(c, c.value());
    return;
  }
  print_quoted(c, std::span(name).first(length), name.size() - 1);
}
void thread_name_out(ArgContext& c) {
  if (!c.wait_for_exit()) thread_name(c);
}

void ambient_capability(ArgContext& c) {
  if (c.arg(1) == PR_CAP_AMBIENT_CLEAR_ALL) {
    hex(c);
  } else {
    capability(c);
  }
}
void kill_policy(ArgContext& c) {
  if (c.arg(1) == PR_MCE_KILL_SET) {
    choice<kKillPolicyNames>(c);
  } else {
    hex(c);
  }
}
void ptracer(ArgContext& c) {
  if (c.value() == PR_SET_PTRACER_ANY) {
    print_constant(c, c.value(), "PR_SET_PTRACER_ANY");
  } else {
    c.print("{}", c.as_int());
  }
}
void seccomp_mode(ArgContext& c) { print_choice(c, c.value(), kSeccompModes.values, kSeccompModes.unknown); }
void seccomp_filter(ArgContext& c) {
  constexpr std::uint64_t kModeFilter = 2;
  if (c.arg(1) == kModeFilter) print_seccomp_program_at(c, c.value());
}
void speculation_state(ArgContext& c) { print_long_flags_arg<kSpeculationStateNames>(c); }
void pid(ArgContext& c) { c.print("{}", c.as_int()); }
void core_scope(ArgContext& c) {
  print_hex(c, c.value());
  const auto* scope = std::find_if(kCoreScopes.begin(), kCoreScopes.end(),
                                   [&](const NamedValue& known) { return known.value == c.value(); });
  c.print(" /* {} */", scope == kCoreScopes.end() ? std::string_view("PIDTYPE_???") : scope->name);
}

// Results.
template <const NameTable& kNames>
void named_result(ArgContext& c) {
  c.print("{} (", c.call().result);
  print_names_only(
      c, [&] { print_choice(c, static_cast<std::uint64_t>(c.call().result), kNames.values, kNames.unknown); });
  c.put(")");
}
template <const NameTable& kNames>
void flags_result(ArgContext& c) {
  const auto result = static_cast<std::uint64_t>(c.call().result);
  result_hex(c);
  if (result == 0) return;
  c.put(" (");
  print_flags(c, result, kNames.values, kNames.unknown);
  c.put(")");
}
constexpr std::array kSpeculationResults{NAMED(PR_SPEC_PRCTL), NAMED(PR_SPEC_ENABLE), NAMED(PR_SPEC_DISABLE),
                                         NAMED(PR_SPEC_FORCE_DISABLE), NAMED(PR_SPEC_DISABLE_NOEXEC)};
constexpr NameTable kSpeculationResultNames{kSpeculationResults, "PR_SPEC_???"};

struct Option {
  std::uint32_t value;
  std::string_view name;
  std::array<Printer, 4> arguments{};  ///< null from the first that is not there
  Printer result = nullptr;            ///< null: decimal
};
#define OPTION(constant) static_cast<std::uint32_t>(constant), #constant

constexpr std::array kOptions{
    Option{OPTION(PR_SET_PDEATHSIG), {signal}},
    Option{OPTION(PR_GET_PDEATHSIG), {signal_at}},
    Option{OPTION(PR_GET_DUMPABLE), {}, named_result<kDumpableNames>},
    Option{OPTION(PR_SET_DUMPABLE), {choice<kDumpableNames>}},
    Option{OPTION(PR_GET_UNALIGN), {choice_at<kUnalignedNames>}},
    Option{OPTION(PR_SET_UNALIGN), {choice<kUnalignedNames>}},
    Option{OPTION(PR_GET_KEEPCAPS), {}},
    Option{OPTION(PR_SET_KEEPCAPS), {dec}},
    Option{OPTION(PR_GET_FPEMU), {number_at}},
    Option{OPTION(PR_SET_FPEMU), {dec}},
    Option{OPTION(PR_GET_FPEXC), {number_at}},
    Option{OPTION(PR_SET_FPEXC), {dec}},
    Option{OPTION(PR_GET_TIMING), {}},
    Option{OPTION(PR_SET_TIMING), {dec}},
    Option{OPTION(PR_SET_NAME), {thread_name}},
    Option{OPTION(PR_GET_NAME), {thread_name_out}},
    Option{OPTION(PR_GET_ENDIAN), {number_at}},
    Option{OPTION(PR_SET_ENDIAN), {dec}},
    Option{OPTION(PR_GET_SECCOMP), {}},
    Option{OPTION(PR_SET_SECCOMP), {seccomp_mode, seccomp_filter}},
    Option{OPTION(PR_CAPBSET_READ), {capability}},
    Option{OPTION(PR_CAPBSET_DROP), {capability}},
    Option{OPTION(PR_GET_TSC), {choice_at<kTscNames>}},
    Option{OPTION(PR_SET_TSC), {choice<kTscNames>}},
    Option{OPTION(PR_GET_SECUREBITS), {}, flags_result<kSecureBitNames>},
    Option{OPTION(PR_SET_SECUREBITS), {secure_bits}},
    Option{OPTION(PR_SET_TIMERSLACK), {dec}},
    Option{OPTION(PR_GET_TIMERSLACK), {}},
    Option{OPTION(PR_TASK_PERF_EVENTS_DISABLE), {}},
    Option{OPTION(PR_TASK_PERF_EVENTS_ENABLE), {}},
    Option{OPTION(PR_MCE_KILL), {choice<kKillModeNames>, kill_policy, hex, hex}},
    Option{OPTION(PR_MCE_KILL_GET), {hex, hex, hex, hex}, named_result<kKillPolicyNames>},
    Option{OPTION(PR_SET_MM), {choice<kMemoryNames>, hex, hex, hex}},
    Option{OPTION(PR_SET_PTRACER), {ptracer}},
    Option{OPTION(PR_SET_CHILD_SUBREAPER), {dec}},
    Option{OPTION(PR_GET_CHILD_SUBREAPER), {number_at}},
    Option{OPTION(PR_SET_NO_NEW_PRIVS), {dec, hex, hex, hex}},
    Option{OPTION(PR_GET_NO_NEW_PRIVS), {hex, hex, hex, hex}},
    Option{OPTION(PR_GET_TID_ADDRESS), {address_at}},
    Option{OPTION(PR_SET_THP_DISABLE), {dec, hex, hex, hex}},
    Option{OPTION(PR_GET_THP_DISABLE), {hex, hex, hex, hex}},
    Option{OPTION(PR_MPX_ENABLE_MANAGEMENT), {hex, hex, hex, hex}},
    Option{OPTION(PR_MPX_DISABLE_MANAGEMENT), {hex, hex, hex, hex}},
    Option{OPTION(PR_CAP_AMBIENT), {choice<kAmbientNames>, ambient_capability, hex, hex}},
    Option{OPTION(PR_GET_SPECULATION_CTRL), {choice<kSpeculationNames>}, flags_result<kSpeculationResultNames>},
    Option{OPTION(PR_SET_SPECULATION_CTRL), {choice<kSpeculationNames>, speculation_state}},
    Option{OPTION(PR_SET_IO_FLUSHER), {dec, hex, hex, hex}},
    Option{OPTION(PR_GET_IO_FLUSHER), {hex, hex, hex, hex}},
    Option{OPTION(PR_SET_SYSCALL_USER_DISPATCH), {choice<kDispatchNames>, hex, hex, address}},
    Option{OPTION(PR_SCHED_CORE), {choice<kCoreNames>, pid, core_scope, address}},
    Option{OPTION(PR_SET_VMA), {choice<kAreaNames>, address, dec, string}},
};

const Option* option_of(ArgContext& c) {
  const auto value = static_cast<std::uint32_t>(c.arg(0));
  const auto* found =
      std::find_if(kOptions.begin(), kOptions.end(), [&](const Option& known) { return known.value == value; });
  return found == kOptions.end() ? nullptr : found;
}

}  // namespace

void print_prctl_option_arg(ArgContext& c) {
  if (const Option* option = option_of(c)) {
    print_constant(c, option->value, option->name);
  } else {
    print_choice(c, c.as_uint(), {}, "PR_???");
  }
}

void print_prctl_value_arg(ArgContext& c) {
  const Option* option = option_of(c);
  if (option == nullptr) {
    print_hex(c, c.value());
  } else if (const Printer print = option->arguments[c.index() - 1]) {
    print(c);
  }
}

void result_prctl(ArgContext& c) {
  const Option* option = option_of(c);
  if (option != nullptr && option->result != nullptr) {
    option->result(c);
  } else {
    c.print("{}", c.call().result);
  }
}

}  // namespace vdsotrace
