// How a scripted task's stops and system calls look in wait statuses and registers. For the scripted kernel's own
// sources.
#pragma once

#include <linux/audit.h>

#include <algorithm>
#include <cerrno>

#include "support/scripted_kernel.hpp"

namespace vdsotrace::testing {

inline constexpr int kCallStop = SIGTRAP | 0x80;

inline int stopped_status(int signal, int event = 0) { return ((signal | event << 8) << 8) | 0x7f; }
inline bool is_end(int status) { return (status & 0xff) != 0x7f; }

inline Arguments arguments_of(const user_regs_struct& r) { return {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9}; }

inline void note_call(Task& task, std::uint8_t op) {
  task.call = {};
  task.call.op = op;
  task.call.arch = AUDIT_ARCH_X86_64;
  task.call.instruction_pointer = task.registers.rip;
  task.call.stack_pointer = task.registers.rsp;
  if (op != PTRACE_SYSCALL_INFO_ENTRY) return;
  task.call.entry.nr = task.registers.orig_rax;
  const Arguments args = arguments_of(task.registers);
  std::copy(args.begin(), args.end(), task.call.entry.args);
}

inline void begin_call(Task& task, std::int64_t nr, const Arguments& args) {
  user_regs_struct& r = task.registers;
  r.orig_rax = static_cast<std::uint64_t>(nr);
  r.rax = static_cast<std::uint64_t>(-ENOSYS);
  r.rdi = args[0], r.rsi = args[1], r.rdx = args[2], r.r10 = args[3], r.r8 = args[4], r.r9 = args[5];
}

inline void end_call(Task& task, std::int64_t result) {
  task.registers.rax = static_cast<std::uint64_t>(result);
  note_call(task, PTRACE_SYSCALL_INFO_EXIT);
  task.call.exit.rval = result;
  task.call.exit.is_error = result < 0 && result >= -4095;
}

}  // namespace vdsotrace::testing
