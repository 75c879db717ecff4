#include "engines/syscalls/attached_calls.hpp"

#include <sys/syscall.h>

#include <algorithm>

#include "arch/call_stub.hpp"
#include "base/page.hpp"
#include "engines/syscalls/call_instruction.hpp"
#include "engines/syscalls/call_memory.hpp"
#include "engines/syscalls/uncounted_calls.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kHeader = 64;
/// A C library takes a tenth of it. What does not fit is not counted.
constexpr std::uint64_t kMostCode = 4 << 20;

/// One that leaves all instructions in place, of calls that are counted.
bool can_serve(const NumberedSite& one) {
  const bool keeps = one.site.keeps_code() || one.site.shape == SiteShape::headed;
  return keeps && (!one.number || is_counted_by_number(*one.number));
}

/// Maps `code` there, and the counters behind it.
Result<SharedMemory> map_memory(StoppedThread& stopped, const StubArea& area, std::span<const std::byte> code) {
  RemoteCalls calls(stopped);
  if (!map_stub_code(calls, area)) return fail("the process could not map executable memory");
  const AddressRange counters{area.region(), area.region() + NumberCounters::kBytes};
  const bool written = write_remote(stopped.tid(), area.code, code);
  auto shared = written ? map_shared_counters(stopped, calls, counters, area.code + kCallMemoryName)
                        : fail("its memory could not be written");
  if (!shared) calls.call(SYS_munmap, {area.code, area.code_bytes, 0, 0, 0, 0});
  return shared;
}

}  // namespace

std::vector<AttachedCalls::Stub> AttachedCalls::plan(std::span<const NumberedSite> sites) {
  std::vector<Stub> stubs;
  std::uint64_t offset = kHeader;
  for (const NumberedSite& one : sites) {
    const std::uint64_t bytes = arch::site_stub_bytes(one.number);
    if (!can_serve(one) || offset + bytes > kMostCode) continue;
    stubs.push_back({offset, one.site.address, one.number});
    offset += bytes;
  }
  return stubs;
}

std::vector<std::byte> AttachedCalls::code_of(std::span<const Stub> stubs, const StubArea& area) {
  std::vector<std::byte> code = call_memory_header();
  const auto counters = [&](std::int64_t nr) {
    const auto index = static_cast<std::uint64_t>(nr);
    return is_counted_by_number(nr) ? area.region() + index * CounterPair::kBytes : 0;
  };
  for (const Stub& stub : stubs) {
    code.resize(stub.offset);
    const auto made = arch::make_site_stub(stub.number, area.code + stub.offset, behind_site(stub.site), counters);
    code.insert(code.end(), made.begin(), made.end());
  }
  return code;
}

Result<std::shared_ptr<AttachedCalls>> AttachedCalls::begin(StoppedThread& stopped,
                                                            std::span<const NumberedSite> sites) {
  std::vector<Stub> stubs = plan(sites);
  if (stubs.empty()) return fail("none of its system call instructions can be patched");
  const std::uint64_t used = stubs.back().offset + arch::site_stub_bytes(stubs.back().number);
  const std::uint64_t code_bytes = whole_pages(used);
  const auto area = find_stub_area(stopped.tid(), stopped.thread().space->vdso().base(), code_bytes,
                                   code_bytes + NumberCounters::kBytes, false);
  if (!area) return fail("there is no free memory, or it is not known where");
  auto shared = map_memory(stopped, *area, code_of(stubs, *area));
  if (!shared) return tl::unexpected(shared.error());
  auto counted = std::make_shared<NumberCounters>(std::move(*shared), area->region(), stopped.thread().tgid);
  const std::shared_ptr<AttachedCalls> begun(new AttachedCalls(*area, std::move(stubs), std::move(counted)));
  begun->patch(stopped, sites);
  return begun;
}

/// Those of `sites` that have a stub, in their order.
void AttachedCalls::patch(StoppedThread& stopped, std::span<const NumberedSite> sites) {
  std::vector<SitePatches::Wanted> wanted;
  auto stub = stubs_.begin();
  for (const NumberedSite& one : sites) {
    if (stub == stubs_.end() || one.site.address != stub->site) continue;
    wanted.push_back({&one.site, area_.code + stub->offset + arch::site_stub_entry(stub->number)});
    ++stub;
  }
  patches_.patch_all(stopped, wanted);
}

const AttachedCalls::Stub* AttachedCalls::stub_at(std::uint64_t address) const {
  if (!contains(address)) return nullptr;
  const auto behind = std::ranges::upper_bound(stubs_, address - area_.code, {}, &Stub::offset);
  return behind == stubs_.begin() ? nullptr : &*(behind - 1);
}

bool AttachedCalls::leave(StoppedThread& stopped, bool restarts_count) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return false;
  const std::uint64_t counter = arch::program_counter(*registers);
  if (const Stub* stub = stub_at(counter)) {
    leave_stub(stopped, *stub, restarts_count);
    return true;
  }
  const auto own = patches_.own_place(counter);
  return own && stopped.set_registers(arch::moved_to(*registers, own->address));
}

void AttachedCalls::leave_stub(StoppedThread& stopped, const Stub& stub, bool restarts_count) {
  const arch::Registers registers = *stopped.registers();
  const std::uint64_t offset = arch::program_counter(registers) - area_.code - stub.offset;
  const auto progress = arch::progress_in_site_stub(stub.number, registers, offset, counters_->address());
  if (!progress.made) {
    stopped.set_registers(arch::moved_to(registers, stub.site));
    return;
  }
  if (!stopped.set_registers(arch::behind_call(registers, progress.result, behind_site(stub.site)))) return;
  const bool restarts = progress.uncounted_call && arch::restarts_call(registers);
  if (restarts && !restarts_count) return;
  if (progress.uncounted_call) counters_->add_call(*progress.uncounted_call);
  if (progress.uncounted_failure) counters_->add_failure(*progress.uncounted_failure);
}

void AttachedCalls::unmap(StoppedThread& stopped) {
  patches_.unmap(stopped);
  RemoteCalls(stopped).call(SYS_munmap, {area_.code, area_.code_bytes + NumberCounters::kBytes, 0, 0, 0, 0});
}

}  // namespace vdsotrace
