#include "engines/syscalls/attached/attached_calls.hpp"

#include <sys/syscall.h>

#include <algorithm>

#include "engines/syscalls/sites/call_instruction.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {

void AttachedCalls::patch(StoppedThread& stopped, std::span<const NumberedSite> sites, EntryOf entry) {
  std::vector<SitePatches::Wanted> wanted;
  auto stub = stubs_.begin();
  for (const NumberedSite& one : sites) {
    if (stub == stubs_.end() || one.site.address != stub->site) continue;
    wanted.push_back({&one.site, area_.code + stub->offset + entry(stub->number)});
    ++stub;
  }
  patches_.patch_all(stopped, wanted);
}

const AttachedCalls::Stub* AttachedCalls::stub_at(std::uint64_t address) const {
  if (!contains(address)) return nullptr;
  const auto behind = std::ranges::upper_bound(stubs_, address - area_.code, {}, &Stub::offset);
  return behind == stubs_.begin() ? nullptr : &*(behind - 1);
}

std::uint64_t AttachedCalls::own_place(std::uint64_t address) const {
  const Stub* stub = stub_at(address);
  return stub != nullptr ? behind_site(stub->site) : address;
}

AttachedCalls::Left AttachedCalls::leave(StoppedThread& stopped, bool restarts_count) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return Left::elsewhere;
  const std::uint64_t counter = arch::program_counter(*registers);
  if (contains(counter)) return leave_code(stopped, restarts_count);
  const auto own = patches_.own_place(counter);
  if (!own) return Left::elsewhere;
  return stopped.set_registers(arch::moved_to(*registers, own->address)) ? Left::outside : Left::inside;
}

void AttachedCalls::unmap(StoppedThread& stopped) {
  patches_.unmap(stopped);
  RemoteCalls(stopped).call(SYS_munmap, {area_.code, area_.code_bytes + behind_, 0, 0, 0, 0});
}

}  // namespace vdsotrace
