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
                                 NamedValue{2, "PIDTYPE_PGID"}, NamedValue{3, "PIDTYPE_SID"}};
constexpr std::array kAreas{NAMED(PR_SET_VMA_ANON_NAME)};
constexpr NameTable kAreaNames{kAreas, "PR_SET_VMA_???"};

constexpr std::array kAuthenticationKeys{NAMED(PR_PAC_APIAKEY), NAMED(PR_PAC_APIBKEY), NAMED(PR_PAC_APDAKEY),
                                         NAMED(PR_PAC_APDBKEY), NAMED(PR_PAC_APGAKEY)};
constexpr NameTable kAuthenticationKeyNames{kAuthenticationKeys, "PR_PAC_???"};
/// Those that can be turned on and off.
constexpr NameTable kEnabledKeyNames{std::span(kAuthenticationKeys).first<4>(), "PR_PAC_???"};
constexpr std::array kSveBits{NAMED(PR_SVE_SET_VL_ONEXEC), NAMED(PR_SVE_VL_INHERIT)};
constexpr NameTable kSveNames{kSveBits, ""};
// Linux 6.3: newer than the headers that we may be compiled with.
constexpr std::array kSmeBits{NamedValue{1 << 18, "PR_SME_SET_VL_ONEXEC"}, NamedValue{1 << 17, "PR_SME_VL_INHERIT"}};
constexpr NameTable kSmeNames{kSmeBits, ""};
constexpr std::array kTagChecks{NAMED(PR_MTE_TCF_NONE), NAMED(PR_MTE_TCF_SYNC), NAMED(PR_MTE_TCF_ASYNC),
                                NamedValue{PR_MTE_TCF_SYNC | PR_MTE_TCF_ASYNC, "PR_MTE_TCF_MASK"}};
constexpr std::array kFloatModes{NAMED(PR_FP_MODE_FR), NAMED(PR_FP_MODE_FRE)};
constexpr NameTable kFloatModeNames{kFloatModes, "PR_FP_MODE_???"};

// Arguments.
void dec(ArgContext& c) { print_ulong_arg(c); }
void hex(ArgContext& c) { print_hex_arg(c); }
void address(ArgContext& c) { print_address_arg(c); }
template <const NameTable& kNames>
void choice(ArgContext& c) {
  print_long_choice_arg<kNames>(c);
}
template <const NameTable& kNames>
void flags(ArgContext& c) {
  print_long_flags_arg<kNames>(c);
}
void signal(ArgContext& c) {
  constexpr std::uint64_t kMostSignals = 128;
  c.value() > kMostSignals ? dec(c) : print_signal_arg(c);
}
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

/// A thread's name: at most that many characters of it, and the rest is cut where they hold no end.
void thread_name(ArgContext& c, std::size_t most) {
  std::array<std::byte, 16> name;
  if (c.value() == 0 || (c.exiting() && c.failed())) {
    print_address(c, c.value());
    return;
  }
  const std::size_t got = c.text_memory().read(c.value(), std::span(name).first(most));
  const auto end = std::find(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(got), std::byte{0});
  const auto length = static_cast<std::size_t>(end - name.begin());
  if (length == got && got < most) {
    print_address(c, c.value());
    return;
  }
  print_quoted(c, std::span(name).first(length), std::min(most, c.limits().string), length == most);
}
void thread_name_in(ArgContext& c) { thread_name(c, 15); }
void thread_name_out(ArgContext& c) {
  if (!c.wait_for_exit()) thread_name(c, 16);
}

void ambient_capability(ArgContext& c) {
  constexpr std::uint64_t kOfOne[] = {PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_LOWER, PR_CAP_AMBIENT_IS_SET};
  if (std::ranges::find(kOfOne, c.arg(1)) != std::end(kOfOne)) {
    capability(c);
  } else {
    hex(c);
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
  if (c.as_int() == -1) {
    print_constant(c, c.value(), "PR_SET_PTRACER_ANY", Digits::decimal);
  } else {
    print_process(c, c.as_int(), ProcessKind::process);
  }
}
void seccomp_mode(ArgContext& c) { print_choice(c, c.value(), kSeccompModes.values, kSeccompModes.unknown); }
constexpr std::uint64_t kModeStrict = 1, kModeFilter = 2;
void seccomp_filter(ArgContext& c) {
  if (c.arg(1) == kModeFilter) {
    print_seccomp_program_at(c, c.value());
  } else if (c.arg(1) != kModeStrict) {
    hex(c);
  }
}
/// Neither of the known modes has it.
void seccomp_rest(ArgContext& c) {
  if (c.arg(1) != kModeFilter && c.arg(1) != kModeStrict) hex(c);
}
bool knows_speculation(const ArgContext& c) {
  return std::ranges::find(kSpeculations, c.arg(1), &NamedValue::value) != kSpeculations.end();
}
void speculation_state(ArgContext& c) { knows_speculation(c) ? choice<kSpeculationStateNames>(c) : hex(c); }
bool names_area(const ArgContext& c) { return c.arg(1) == PR_SET_VMA_ANON_NAME; }
void area_start(ArgContext& c) { names_area(c) ? address(c) : hex(c); }
void area_size(ArgContext& c) { names_area(c) ? dec(c) : hex(c); }
void area_name(ArgContext& c) { names_area(c) ? string(c) : hex(c); }

/// Bits of a vector unit and, in the lower 16, how long its vectors are.
template <const NameTable& kNames>
void print_vector_length(ArgContext& c, std::uint64_t value) {
  constexpr std::uint64_t kLength = 0xffff;
  if ((value & ~kLength) == 0) {
    print_hex(c, value);
    return;
  }
  print_meaning_of(c, value, [&] {
    print_flags(c, value & ~kLength, kNames.values, kNames.unknown);
    c.put("|");
    print_hex(c, value & kLength);
  });
}
template <const NameTable& kNames>
void vector_length(ArgContext& c) {
  print_vector_length<kNames>(c, c.value());
}
void print_tagged_addresses(ArgContext& c, std::uint64_t value) {
  constexpr std::uint64_t kChecks = PR_MTE_TCF_SYNC | PR_MTE_TCF_ASYNC, kTags = 0xffffULL << PR_MTE_TAG_SHIFT;
  print_meaning_of(c, value, [&] {
    c.put((value & PR_TAGGED_ADDR_ENABLE) != 0 ? "PR_TAGGED_ADDR_ENABLE|" : "!PR_TAGGED_ADDR_ENABLE|");
    print_choice(c, value & kChecks, kTagChecks, "");
    if ((value & kTags) != 0) c.print("|{:#x}<<PR_MTE_TAG_SHIFT", (value & kTags) >> PR_MTE_TAG_SHIFT);
    const std::uint64_t rest = value & ~(PR_TAGGED_ADDR_ENABLE | kChecks | kTags);
    if (rest != 0) c.print("|{:#x}", rest);
  });
}
void tagged_addresses(ArgContext& c) { print_tagged_addresses(c, c.value()); }
/// What kind of number it is is said by the argument behind it (enum pid_type).
void core_pid(ArgContext& c) {
  constexpr std::array kKinds{ProcessKind::thread, ProcessKind::process, ProcessKind::group, ProcessKind::session};
  c.put_number(c.as_int());
  if (const auto type = static_cast<std::uint32_t>(c.arg(3)); type < kKinds.size())
    print_process_facts(c, c.as_int(), kKinds[type]);
}
void core_command(ArgContext& c) { print_choice_arg<kCoreNames>(c); }
void core_scope(ArgContext& c) {
  print_hex(c, c.as_uint());
  if (c.constants() == ConstantStyle::raw) return;
  const auto* scope = std::ranges::find(kCoreScopes, c.as_uint(), &NamedValue::value);
  c.print(" /* {} */", scope == kCoreScopes.end() ? std::string_view("PIDTYPE_???") : scope->name);
}
void core_cookie(ArgContext& c) {
  if (static_cast<std::uint32_t>(c.arg(1)) != PR_SCHED_CORE_GET) {
    address(c);
  } else if (!c.wait_for_exit()) {
    print_object_at<std::uint64_t>(c, c.value(), [&](std::uint64_t cookie) {
      c.put("[");
      print_hex(c, cookie);
      c.put("]");
    });
  }
}

// Results.
template <const NameTable& kNames>
void named_result(ArgContext& c) {
  c.print("{} (", c.call().result);
  print_names_only(
      c, [&] { print_choice(c, static_cast<std::uint64_t>(c.call().result), kNames.values, kNames.unknown); });
  c.put(")");
}
/// "0x20000 (PR_SVE_VL_INHERIT|0)"
template <class Meaning>
void meaningful_result(ArgContext& c, Meaning&& meaning) {
  result_hex(c);
  if (c.constants() == ConstantStyle::raw) return;
  c.put(" (");
  print_names_only(c, [&] { meaning(static_cast<std::uint64_t>(c.call().result)); });
  c.put(")");
}
/// Where none of the names is true, the number alone.
template <const NameTable& kNames>
bool names_any(std::int64_t result) {
  const auto bits = static_cast<std::uint64_t>(result);
  return std::ranges::any_of(
      kNames.values, [&](const NamedValue& one) { return one.value == 0 ? bits == 0 : (bits & one.value) != 0; });
}
template <const NameTable& kNames>
void flags_result(ArgContext& c) {
  if (!names_any<kNames>(c.call().result)) {
    result_hex(c);
  } else {
    meaningful_result(c, [&](std::uint64_t result) { print_flags(c, result, kNames.values, kNames.unknown); });
  }
}
/// Bits beyond the length are worth a remark whether they have names or not.
template <const NameTable& kNames>
void vector_result(ArgContext& c) {
  if (c.call().result <= UINT16_MAX) {
    result_hex(c);
  } else {
    meaningful_result(c, [&](std::uint64_t result) { print_vector_length<kNames>(c, result); });
  }
}
void tagged_result(ArgContext& c) {
  meaningful_result(c, [&](std::uint64_t result) { print_tagged_addresses(c, result); });
}
constexpr std::array kSpeculationResults{NAMED(PR_SPEC_NOT_AFFECTED),  NAMED(PR_SPEC_PRCTL),
                                         NAMED(PR_SPEC_ENABLE),        NAMED(PR_SPEC_DISABLE),
                                         NAMED(PR_SPEC_FORCE_DISABLE), NAMED(PR_SPEC_DISABLE_NOEXEC)};
constexpr NameTable kSpeculationResultNames{kSpeculationResults, "PR_SPEC_???"};
void speculation_result(ArgContext& c) {
  knows_speculation(c) ? flags_result<kSpeculationResultNames>(c) : c.put_number(c.call().result);
}

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
    Option{OPTION(PR_SET_UNALIGN), {flags<kUnalignedNames>}},
    Option{OPTION(PR_GET_KEEPCAPS), {}},
    Option{OPTION(PR_SET_KEEPCAPS), {dec}},
    Option{OPTION(PR_GET_FPEMU), {number_at}},
    Option{OPTION(PR_SET_FPEMU), {dec}},
    Option{OPTION(PR_GET_FPEXC), {number_at}},
    Option{OPTION(PR_SET_FPEXC), {dec}},
    Option{OPTION(PR_GET_TIMING), {}},
    Option{OPTION(PR_SET_TIMING), {dec}},
    Option{OPTION(PR_SET_NAME), {thread_name_in}},
    Option{OPTION(PR_GET_NAME), {thread_name_out}},
    Option{OPTION(PR_GET_ENDIAN), {number_at}},
    Option{OPTION(PR_SET_ENDIAN), {dec}},
    Option{OPTION(PR_GET_SECCOMP), {}},
    Option{OPTION(PR_SET_SECCOMP), {seccomp_mode, seccomp_filter, seccomp_rest, seccomp_rest}},
    Option{OPTION(PR_CAPBSET_READ), {capability}},
    Option{OPTION(PR_CAPBSET_DROP), {capability}},
    Option{OPTION(PR_GET_TSC), {choice_at<kTscNames>}},
    Option{OPTION(PR_SET_TSC), {print_choice_arg<kTscNames>}},
    Option{OPTION(PR_GET_SECUREBITS), {}, flags_result<kSecureBitNames>},
    Option{OPTION(PR_SET_SECUREBITS), {flags<kSecureBitNames>}},
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
    Option{OPTION(PR_GET_SPECULATION_CTRL), {choice<kSpeculationNames>}, speculation_result},
    Option{OPTION(PR_SET_SPECULATION_CTRL), {choice<kSpeculationNames>, speculation_state}},
    Option{OPTION(PR_SET_IO_FLUSHER), {dec, hex, hex, hex}},
    Option{OPTION(PR_GET_IO_FLUSHER), {hex, hex, hex, hex}},
    Option{OPTION(PR_SET_SYSCALL_USER_DISPATCH), {choice<kDispatchNames>, hex, hex, address}},
    Option{OPTION(PR_PAC_RESET_KEYS), {flags<kAuthenticationKeyNames>, hex, hex, hex}},
    Option{OPTION(PR_PAC_SET_ENABLED_KEYS), {flags<kEnabledKeyNames>, flags<kEnabledKeyNames>, hex, hex}},
    Option{OPTION(PR_PAC_GET_ENABLED_KEYS), {hex, hex, hex, hex}, flags_result<kEnabledKeyNames>},
    Option{OPTION(PR_SVE_SET_VL), {vector_length<kSveNames>}, vector_result<kSveNames>},
    Option{OPTION(PR_SVE_GET_VL), {}, vector_result<kSveNames>},
    Option{63, "PR_SME_SET_VL", {vector_length<kSmeNames>}, vector_result<kSmeNames>},
    Option{64, "PR_SME_GET_VL", {}, vector_result<kSmeNames>},
    Option{OPTION(PR_SET_TAGGED_ADDR_CTRL), {tagged_addresses, hex, hex, hex}},
    Option{OPTION(PR_GET_TAGGED_ADDR_CTRL), {hex, hex, hex, hex}, tagged_result},
    Option{OPTION(PR_SET_FP_MODE), {flags<kFloatModeNames>}},
    Option{OPTION(PR_GET_FP_MODE), {}, flags_result<kFloatModeNames>},
    Option{OPTION(PR_SCHED_CORE), {core_command, core_pid, core_scope, core_cookie}},
    Option{OPTION(PR_SET_VMA), {choice<kAreaNames>, area_start, area_size, area_name}},
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
