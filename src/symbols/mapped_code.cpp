#include "symbols/mapped_code.hpp"

namespace vdsotrace {

void MappedCode::refresh(pid_t pid) {
  if (used_) return;
  outdated_ = false;
  if (modules_.refresh(pid)) changed_();
}

CodeRange* MappedCode::range_at(pid_t pid, std::uint64_t address) {
  update(pid);
  if (CodeRange* range = modules_.range_at(address)) return range;
  refresh(pid);
  return modules_.range_at(address);
}

CodeRange* MappedCode::program_range(pid_t pid) {
  update(pid);
  return modules_.range_of(proc::executable(pid));
}

const Module* MappedCode::module_at(pid_t pid, std::uint64_t address) {
  CodeRange* range = range_at(pid, address);
  return range != nullptr ? modules_.module_of(pid, *range) : nullptr;
}

}  // namespace vdsotrace
