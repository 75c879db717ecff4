#include "engines/syscalls/attached/counting_calls.hpp"

#include <sys/syscall.h>

#include "arch/call_stub.hpp"
#include "base/page.hpp"
#include "engines/syscalls/attached/uncounted_calls.hpp"
#include "engines/syscalls/counters/call_memory.hpp"
#include "engines/syscalls/sites/call_instruction.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

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

std::vector<CountingCalls::Stub> CountingCalls::plan(std::span<const NumberedSite> sites) {
  std::vector<Stub> stubs;
  std::uint64_t offset = kHeader;
  for (const NumberedSite& one : sites) {
    const std::uint64_t bytes = arch::site_stub_bytes(one.number);
    const bool is_counted = !one.number || is_counted_by_number(*one.number);
    if (!is_counted || !keeps_code(one.site) || offset + bytes > kMostCode) continue;
    stubs.push_back({offset, one.site.address, one.number});
    offset += bytes;
  }
  return stubs;
}

std::vector<std::byte> CountingCalls::code_of(std::span<const Stub> stubs, const StubArea& area) {
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

Result<std::shared_ptr<CountingCalls>> CountingCalls::begin(StoppedThread& stopped,
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
  const std::shared_ptr<CountingCalls> begun(new CountingCalls(*area, std::move(stubs), std::move(counted)));
  begun->patch(stopped, sites, arch::site_stub_entry);
  return begun;
}

AttachedCalls::Left CountingCalls::leave_code(StoppedThread& stopped, bool restarts_count) {
  const arch::Registers registers = *stopped.registers();
  const Stub* stub = stub_at(arch::program_counter(registers));
  if (stub == nullptr) return Left::elsewhere;
  const std::uint64_t offset = arch::program_counter(registers) - area().code - stub->offset;
  const auto progress = arch::progress_in_site_stub(stub->number, registers, offset, counters_->address());
  const auto there = progress.made ? arch::behind_call(registers, progress.result, behind_site(stub->site))
                                   : arch::moved_to(registers, stub->site);
  if (!stopped.set_registers(there)) return Left::inside;
  const bool restarts = progress.uncounted_call && arch::restarts_call(registers);
  if (!progress.made || (restarts && !restarts_count)) return Left::outside;
  if (progress.uncounted_call) counters_->add_call(*progress.uncounted_call);
  if (progress.uncounted_failure) counters_->add_failure(*progress.uncounted_failure);
  return Left::outside;
}

}  // namespace vdsotrace
