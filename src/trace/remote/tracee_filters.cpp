#include "trace/remote/tracee_filters.hpp"

#include <algorithm>

#include "os/tracing/ptrace.hpp"

namespace vdsotrace {

std::optional<TraceeFilters> TraceeFilters::of(pid_t tid) {
  auto filters = ptrace::seccomp_filters(tid);
  if (!filters) return std::nullopt;
  return TraceeFilters(std::move(*filters));
}

std::uint32_t TraceeFilters::action(const arch::SystemCallRegisters& call, std::uint64_t instruction) const {
  const std::uint64_t behind = instruction + arch::kSystemCall.size();
  seccomp_data data{static_cast<int>(call.nr), arch::audit_machine(Abi::x86_64), behind, {}};
  std::ranges::copy(call.args, data.args);
  return seccomp_answer(filters_, data) & SECCOMP_RET_ACTION_FULL;
}

bool TraceeFilters::allows(const arch::SystemCallRegisters& call, std::uint64_t instruction) const {
  const std::uint32_t answer = action(call, instruction);
  return answer == SECCOMP_RET_ALLOW || answer == SECCOMP_RET_LOG;
}

bool TraceeFilters::survives(const arch::SystemCallRegisters& call, std::uint64_t instruction) const {
  return allows(call, instruction) || action(call, instruction) == SECCOMP_RET_ERRNO;
}

}  // namespace vdsotrace
