#include "engines/syscalls/attached/recording_calls.hpp"

#include <algorithm>
#include <cstring>

#include "arch/call_stub.hpp"
#include "arch/stub_layout.h"
#include "base/page.hpp"
#include "engines/inline/code/call_code.hpp"
#include "engines/syscalls/sites/call_instruction.hpp"
#include "os/memory/emulated_memory.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

/// Where what is appended begins.
std::uint64_t append_code(std::vector<std::byte>& code, std::span<const std::byte> more) {
  const std::uint64_t at = code.size();
  code.insert(code.end(), more.begin(), more.end());
  return at;
}

std::size_t entry_of_site(const std::optional<std::int64_t>&) { return arch::recorded_site_entry(); }

bool map_code(StoppedThread& stopped, const StubArea& area, std::span<const std::byte> code) {
  RemoteCalls calls(stopped);
  if (!map_stub_code(calls, area)) return false;
  if (write_remote(stopped.tid(), area.code, code)) return true;
  unmap_stubs(calls, area, 0);
  return false;
}

}  // namespace

/// Our own copy of the code, and the rings as we have them: the program may have unmapped both.
class RecordingCalls::CodeMemory final : public ProcessMemory {
 public:
  CodeMemory(StoppedThread& stopped, const RecordingCalls& calls)
      : ProcessMemory(stopped.tid(), stopped.memory()), calls_(calls), space_(*stopped.thread().space) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    const std::uint64_t offset = address - calls_.area().code;
    if (offset >= calls_.code_->size()) return ProcessMemory::read(address, into);
    const std::size_t size = std::min<std::size_t>(into.size(), calls_.code_->size() - offset);
    std::ranges::copy(std::span(*calls_.code_).subspan(offset, size), into.begin());
    return size;
  }
  std::byte* shared(std::uint64_t address, std::size_t size) override {
    return calls_.rings_.ring_memory(space_, address, size);
  }

 private:
  const RecordingCalls& calls_;
  const AddressSpace& space_;
};

RecordingCalls::RecordingCalls(const StubArea& area, Code code, std::uint64_t region, const AttachedRecords& records,
                               RecordSource& rings)
    : AttachedCalls(area, std::move(code.sites), 0),
      code_(std::make_shared<const std::vector<std::byte>>(std::move(code.bytes))),
      record_stubs_(std::move(code.records)),
      gates_(area.code + code.gates),
      region_(region),
      records_(records),
      rings_(rings) {}

RecordingCalls::Code RecordingCalls::make_code(std::uint64_t at, std::span<const NumberedSite> sites,
                                               const AttachedRecords& records, std::uint64_t index) {
  const std::uint64_t region = index - REGION_INDEX;
  Code code{call_memory_header(), 0, {}, {}};
  std::vector<std::byte>& bytes = code.bytes;
  static_assert(kCallMemoryRings + sizeof region <= kHeader);
  bytes.resize(kHeader);
  std::memcpy(bytes.data() + kCallMemoryRings, &region, sizeof region);
  std::vector<std::uint64_t> table(arch::kRecordedNumbers, at + append_code(bytes, arch::make_unrecorded_stub()));
  const std::uint64_t back = at + append_code(bytes, arch::make_return_from_gate(region));
  code.gates = append_code(bytes, arch::make_gates(at + bytes.size(), records.blocks(), back));
  for (const auto& [nr, plan] : records.plans()) {
    const auto stub = arch::make_attached_stub(nr, {region, index, at + code.gates}, plan.copies, plan.copied);
    code.records.push_back(append_code(bytes, stub));
    table[static_cast<std::size_t>(nr)] = at + code.records.back() + arch::attached_stub_entry();
  }
  code.records.push_back(bytes.size());
  const std::uint64_t table_at = at + append_code(bytes, std::as_bytes(std::span(table)));
  for (const NumberedSite& one : sites) {
    const bool is_recorded = !one.number || records.plans().contains(*one.number);
    if (!is_recorded || !keeps_code(one.site) || bytes.size() + arch::recorded_site_bytes() > kMostCode) continue;
    const auto stub = arch::make_recorded_site(behind_site(one.site.address), table_at);
    code.sites.push_back({append_code(bytes, stub), one.site.address, one.number});
  }
  return code;
}

Result<std::shared_ptr<RecordingCalls>> RecordingCalls::begin(StoppedThread& stopped,
                                                              std::span<const NumberedSite> sites,
                                                              const AttachedRecords& records, RecordSource& rings) {
  const AddressSpace& space = *stopped.thread().space;
  const std::uint64_t index = rings.ring_index(space);
  if (index == 0) return fail("nothing can be recorded in it");
  const Code planned = make_code(0, sites, records, index);
  if (planned.sites.empty()) return fail("none of its system call instructions can be patched");
  const std::uint64_t size = whole_pages(planned.bytes.size());
  const auto area = find_stub_area(stopped.tid(), space.vdso().base(), size, size, false);
  if (!area) return fail("there is no free memory, or it is not known where");
  Code code = make_code(area->code, sites, records, index);
  if (!map_code(stopped, *area, code.bytes)) return fail("the process could not map executable memory");
  const std::shared_ptr<RecordingCalls> begun(
      new RecordingCalls(*area, std::move(code), index - REGION_INDEX, records, rings));
  begun->patch(stopped, sites, entry_of_site);
  return begun;
}

std::optional<arch::Registers> RecordingCalls::without_copy(const arch::Registers& registers) const {
  const std::uint64_t offset = arch::program_counter(registers) - area().code;
  const auto behind = std::ranges::upper_bound(record_stubs_, offset);
  if (behind == record_stubs_.begin() || behind == record_stubs_.end()) return std::nullopt;
  return arch::without_late_copy(registers, offset - *(behind - 1));
}

bool RecordingCalls::reads_clock(std::uint64_t address) const {
  const std::uint64_t offset = address - area().code;
  const std::size_t size = arch::kClockRead.size();
  return contains(address) && code_->size() - offset >= size &&
         std::ranges::equal(std::span(*code_).subspan(offset, size), arch::kClockRead);
}

std::uint64_t RecordingCalls::block_of_gate(std::uint64_t address) const {
  const std::uint64_t number = (address - gates_) / arch::kGateBytes;
  return address >= gates_ && number < records_.blocks().size() ? region_ + records_.blocks()[number] : 0;
}

/// Executes the rest for it: up to its call, or, if that has come back, up to the program.
AttachedCalls::Left RecordingCalls::leave_code(StoppedThread& stopped, bool restarts_count) {
  const arch::Registers from = *stopped.registers();
  const std::uint64_t counter = arch::program_counter(from);
  const bool is_back = block_of_gate(counter) != 0 && arch::has_called_in_gate((counter - gates_) % arch::kGateBytes);
  if (is_back && !restarts_count && arch::restarts_call(from)) return leave_open_call(stopped, from, true);
  CodeMemory memory(stopped, *this);
  arch::StubEmulator emulator(from, memory);
  for (int step = 0; step < arch::kMostRecordSteps; ++step) {
    if (!contains(arch::program_counter(emulator.registers())))
      return stopped.set_registers(emulator.registers()) ? Left::outside : Left::inside;
    const auto outcome = emulator.step();
    if (outcome == arch::StubEmulator::Outcome::system_call) return leave_before_call(stopped, emulator.registers());
    if (outcome == arch::StubEmulator::Outcome::next) continue;
    const auto without = without_copy(emulator.registers());
    if (!without) return Left::inside;
    emulator.registers() = *without;
  }
  return Left::inside;
}

AttachedCalls::Left RecordingCalls::leave_before_call(StoppedThread& stopped, const arch::Registers& registers) {
  const std::uint64_t counter = arch::program_counter(registers);
  if (block_of_gate(counter) != 0) return leave_open_call(stopped, registers, false);
  const Stub* site = stub_at(counter);
  if (site == nullptr) return Left::elsewhere;
  return stopped.set_registers(arch::moved_to(registers, site->site)) ? Left::outside : Left::inside;
}

/// It stands in a gate, in front of the call or behind it: registers are the program's own.
AttachedCalls::Left RecordingCalls::leave_open_call(StoppedThread& stopped, const arch::Registers& registers,
                                                    bool made) {
  CodeMemory memory(stopped, *this);
  const std::uint64_t block = block_of_gate(arch::program_counter(registers));
  const auto flags = memory.object<std::uint64_t>(block + BLOCK_CALL_FLAGS);
  const Stub* site = flags ? stub_at(arch::site_of_open_call(*flags)) : nullptr;
  if (site == nullptr) return Left::inside;
  const auto there = made ? arch::behind_call(registers, arch::return_value(registers), behind_site(site->site))
                          : arch::moved_to(registers, site->site);
  if (!stopped.set_registers(there)) return Left::inside;
  constexpr std::uint64_t kFree = 0;
  memory.write(block + BLOCK_CALL_BUSY, std::as_bytes(std::span(&kFree, 1)));
  return made ? Left::outside : Left::unmade;
}

}  // namespace vdsotrace
