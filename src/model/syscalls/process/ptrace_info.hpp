// What ptrace(2) says of the system call that a thread is at.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

/// Of PTRACE_GET_SYSCALL_INFO, for an argument of When::either; the argument before it is its size.
void print_syscall_info(ArgContext& c);

}  // namespace vdsotrace
