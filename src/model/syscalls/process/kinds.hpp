// Kinds of arguments of calls on limits, scheduling, credentials and the machine.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

void print_limit_arg(ArgContext& c);
void print_utsname_arg(ArgContext& c);
void print_sysinfo_arg(ArgContext& c);
/// "[0 1]": the numbers of the bits set in `size` bytes.
void print_processors_at(ArgContext& c, std::uint64_t address, std::uint64_t size);
void print_affinity_arg(ArgContext& c);
void print_affinity_out_arg(ArgContext& c);
void print_sched_param_arg(ArgContext& c);
void print_sched_attr_arg(ArgContext& c);
void print_sched_attr_out_arg(ArgContext& c);
void print_groups_arg(ArgContext& c);
void print_groups_out_arg(ArgContext& c);
void print_id_at_arg(ArgContext& c);
void print_cap_header_arg(ArgContext& c);
void print_cap_data_arg(ArgContext& c);
void print_personality_arg(ArgContext& c);
void print_arch_prctl_value_arg(ArgContext& c);
void print_address_at_arg(ArgContext& c);
void result_arch_prctl(ArgContext& c);  ///< of a request for a state of the processor: its mask
void print_seccomp_flags_arg(ArgContext& c);
void print_seccomp_value_arg(ArgContext& c);
/// "{len=3, filter=0x7ffc...}"
void print_seccomp_program_at(ArgContext& c, std::uint64_t address);
/// "CAP_KILL", "0xc8 /* CAP_??? */"
void print_capability(ArgContext& c, std::uint64_t number);

void comment_policy(ArgContext& c);
void result_personality(ArgContext& c);

inline constexpr ArgKind kLimit{print_limit_arg};
inline constexpr ArgKind kLimitOut{print_limit_arg, When::exit};
inline constexpr ArgKind kUtsnameOut{print_utsname_arg, When::exit};
inline constexpr ArgKind kSysinfoOut{print_sysinfo_arg, When::exit};
inline constexpr ArgKind kAffinity{print_affinity_arg};                     ///< size in the argument before
inline constexpr ArgKind kAffinityOut{print_affinity_out_arg, When::exit};  ///< the result is its size
inline constexpr ArgKind kSchedParam{print_sched_param_arg};
inline constexpr ArgKind kSchedParamOut{print_sched_param_arg, When::exit};
inline constexpr ArgKind kSchedAttr{print_sched_attr_arg, When::amended};
inline constexpr ArgKind kSchedAttrOut{print_sched_attr_out_arg, When::exit};  ///< size in the next argument
inline constexpr ArgKind kGroups{print_groups_arg};                            ///< count in the argument before
inline constexpr ArgKind kGroupsOut{print_groups_out_arg, When::exit};
inline constexpr ArgKind kIdAtOut{print_id_at_arg, When::exit};
inline constexpr ArgKind kCapHeader{print_cap_header_arg};
inline constexpr ArgKind kCapData{print_cap_data_arg};
inline constexpr ArgKind kCapDataOut{print_cap_data_arg, When::exit};
inline constexpr ArgKind kPersonality{print_personality_arg};
inline constexpr ArgKind kArchPrctlValue{print_arch_prctl_value_arg, When::either};
inline constexpr ArgKind kAddressAtOut{print_address_at_arg, When::exit};  ///< [0x7ffc...]
inline constexpr ArgKind kSeccompFlags{print_seccomp_flags_arg};
inline constexpr ArgKind kSeccompValue{print_seccomp_value_arg, When::either};

extern const NameTable kSchedulers;
extern const NameTable kSeccompModes;

// prctl (kinds_prctl.cpp): its arguments and its result are what the option says.
void print_prctl_option_arg(ArgContext& c);
void print_prctl_value_arg(ArgContext& c);
void result_prctl(ArgContext& c);
inline constexpr ArgKind kPrctlOption{print_prctl_option_arg};
inline constexpr ArgKind kPrctlValue{print_prctl_value_arg, When::either};

// ptrace (kinds_ptrace.cpp)
void print_ptrace_request_arg(ArgContext& c);
void print_ptrace_pid_arg(ArgContext& c);
void print_ptrace_address_arg(ArgContext& c);
void print_ptrace_data_arg(ArgContext& c);
inline constexpr ArgKind kPtraceRequest{print_ptrace_request_arg};
inline constexpr ArgKind kPtracePid{print_ptrace_pid_arg};
inline constexpr ArgKind kPtraceAddress{print_ptrace_address_arg};
inline constexpr ArgKind kPtraceData{print_ptrace_data_arg, When::either};

}  // namespace vdsotrace
