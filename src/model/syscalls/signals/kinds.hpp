// Kinds of arguments of calls on signals.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

void print_sigaction_arg(ArgContext& c);
void print_stack_arg(ArgContext& c);
void print_signal_frame_arg(ArgContext& c);
void print_siginfo_arg(ArgContext& c);
void print_pending_arg(ArgContext& c);
void print_handler_arg(ArgContext& c);
void comment_signal(ArgContext& c);

inline constexpr ArgKind kSigaction{print_sigaction_arg};
inline constexpr ArgKind kSigactionOut{print_sigaction_arg, When::exit};
inline constexpr ArgKind kSignalStack{print_stack_arg};
inline constexpr ArgKind kSignalStackOut{print_stack_arg, When::exit};
inline constexpr ArgKind kSignalFrame{print_signal_frame_arg};  ///< rt_sigreturn: {mask=[]}
inline constexpr ArgKind kSiginfo{print_siginfo_arg};
inline constexpr ArgKind kSiginfoOut{print_siginfo_arg, When::exit};
inline constexpr ArgKind kPendingOut{print_pending_arg, When::exit};
inline constexpr ArgKind kHandler{print_handler_arg};

}  // namespace vdsotrace
