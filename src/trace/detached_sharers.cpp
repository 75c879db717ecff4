#include "trace/detached_sharers.hpp"

#include <sys/ptrace.h>

#include "arch/registers.hpp"
#include "model/syscalls/spec.hpp"
#include "os/tracing/ptrace.hpp"

namespace vdsotrace {

bool asks_to_be_traced(const StoppedThread& stopped) {
  const auto info = ptrace::syscall_info(stopped.tid());
  if (!info || info->op != PTRACE_SYSCALL_INFO_ENTRY || info->entry.args[0] != PTRACE_TRACEME) return false;
  const CallSpec* spec = spec_of(arch::abi_of(info->arch, info->entry.nr), static_cast<std::int64_t>(info->entry.nr));
  return spec != nullptr && spec->name == "ptrace";
}

bool DetachedSharers::may_leave(const Thread& child, const Thread* creator) const {
  return creator != nullptr && creator->vfork_child == child.tid && !engine_.raises_traps(*child.space);
}

void DetachedSharers::keep(std::unique_ptr<Thread> detached, const Thread* creator) {
  if (creator != nullptr && creator->space == detached->space) by_creators_[creator->tid] = std::move(detached);
}

void DetachedSharers::end_wait(pid_t creator) {
  if (auto child = by_creators_.extract(creator)) engine_.on_end(*child.mapped());
}

}  // namespace vdsotrace
