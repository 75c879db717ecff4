#include "trace/thread/address_space.hpp"

#include "os/proc/proc.hpp"

namespace vdsotrace {

const VdsoFunction* AddressSpace::fallback_at(std::uint64_t pc) const {
  const auto moved = engine_memory_.fallbacks.find(pc);
  return moved != engine_memory_.fallbacks.end() ? moved->second : vdso_.fallback_at(pc);
}

std::optional<std::uint64_t> AddressSpace::system_call_instruction() const {
  if (call_record_) return call_record_->system_call();
  if (engine_memory_.system_call != 0) return engine_memory_.system_call;
  const auto own = vdso_.system_call_instructions();
  return own.empty() ? std::nullopt : std::optional(own.front());
}

void find_moved_vdso(AddressSpace& space, pid_t tid) {
  const auto mapping = proc::vdso_mapping(tid);
  if (mapping && mapping->start != space.vdso().base()) space.vdso().moved_to(mapping->start);
}

}  // namespace vdsotrace
