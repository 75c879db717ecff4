// Kinds of arguments of calls that make, replace and wait for processes.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

void print_argv_arg(ArgContext& c);
void print_envp_arg(ArgContext& c);
void print_clone_stack_arg(ArgContext& c);
void print_clone_flags_arg(ArgContext& c);
void print_clone_parent_arg(ArgContext& c);
void print_clone_tls_arg(ArgContext& c);
void print_clone_child_arg(ArgContext& c);
void print_clone3_arg(ArgContext& c);
void print_unshare_flags_arg(ArgContext& c);
void print_setns_flags_arg(ArgContext& c);
void print_wait_status_arg(ArgContext& c);
void print_wait_usage_arg(ArgContext& c);
void print_usage_arg(ArgContext& c);
void print_child_siginfo_arg(ArgContext& c);

inline constexpr ArgKind kArgv{print_argv_arg};
inline constexpr ArgKind kEnvp{print_envp_arg};
// clone's arguments in strace's order, whatever registers they are in.
inline constexpr ArgKind kCloneStack{print_clone_stack_arg};
inline constexpr ArgKind kCloneFlags{print_clone_flags_arg};
inline constexpr ArgKind kCloneParent{print_clone_parent_arg, When::exit_after};
inline constexpr ArgKind kCloneTls{print_clone_tls_arg, When::exit};
inline constexpr ArgKind kCloneChild{print_clone_child_arg, When::exit};
inline constexpr ArgKind kClone3{print_clone3_arg, When::amended};  ///< size in the next argument
inline constexpr ArgKind kUnshareFlags{print_unshare_flags_arg};
inline constexpr ArgKind kSetnsFlags{print_setns_flags_arg};
inline constexpr ArgKind kWaitStatusOut{print_wait_status_arg, When::exit};
inline constexpr ArgKind kWaitUsageOut{print_wait_usage_arg, When::exit};
inline constexpr ArgKind kUsageOut{print_usage_arg, When::exit};
inline constexpr ArgKind kChildSiginfoOut{print_child_siginfo_arg, When::exit};

}  // namespace vdsotrace
