#include "engines/syscalls/stubs/call_stubs.hpp"

#include <algorithm>

#include "arch/record_stub.hpp"
#include "arch/return_stub.hpp"
#include "engines/syscalls/sites/call_instruction.hpp"
#include "engines/syscalls/stubs/signal_calls.hpp"
#include "os/memory/cached_pages.hpp"

namespace vdsotrace {
namespace {

bool write_word(pid_t stopped, std::uint64_t address, std::uint64_t word) {
  return write_remote(stopped, address, word_write(address, word).bytes);
}

}  // namespace

CodeWrite word_write(std::uint64_t address, std::uint64_t word) {
  const auto bytes = std::as_bytes(std::span(&word, 1));
  return {address, {bytes.begin(), bytes.end()}};
}

std::optional<std::uint32_t> CallStubs::place_for(pid_t stopped, const CallCounters::CountedCall& call,
                                                  const std::optional<Route>& route, std::uint64_t resume) {
  const auto place = counters_->place_for(call, route);
  if (!place || (!written_[*place] && !write(stopped, *place, resume))) return std::nullopt;
  written_[*place] = true;
  return place;
}

std::vector<std::uint32_t> CallStubs::places_for(pid_t stopped, std::span<const Wanted> wanted) {
  CachedPages memory(stopped);
  std::vector<std::uint32_t> places;
  for (const Wanted& one : wanted) {
    const auto place = counters_->place_for(one.call, one.route);
    if (!place) break;
    places.push_back(*place);
    if (written_[*place]) continue;
    for (const CodeWrite& write : code_at(*place, one.resume)) {
      if (!memory.write(write.address, write.bytes)) return {};
    }
  }
  if (!memory.flush()) return {};
  for (const std::uint32_t place : places) written_[place] = true;
  return places;
}

bool CallStubs::write(pid_t stopped, std::uint32_t place, std::uint64_t resume) {
  return std::ranges::all_of(code_at(place, resume), [stopped](const CodeWrite& write) {
    return write_remote(stopped, write.address, write.bytes);
  });
}

/// What leads out of the stub comes first.
std::array<CodeWrite, 2> CallStubs::code_at(std::uint32_t place, std::uint64_t resume) const {
  const std::uint64_t back = behind_site(counters_->call_at(place).site);
  return {{{memory_.leave_stub(place), arch::make_leave_stub({back, resume})},
           {memory_.stub(place), code_of(place, resume)}}};
}

std::vector<std::byte> CallStubs::code_of(std::uint32_t place, std::uint64_t resume) const {
  const CallCounters::CountedCall& call = counters_->call_at(place);
  const std::uint64_t back = behind_site(call.site);
  const std::uint64_t leave = memory_.leave_stub(place) + arch::leave_stub_call();
  const std::uint64_t unsuited = memory_.leave_stub(place) + arch::leave_stub_unsuited_call();
  if (kind_of(call.nr) == CallStub::records)
    return arch::make_record_stub({call.nr, index_, back, resume, leave, leave, unsuited}, choice_->copies(call.nr));
  return arch::make_call_stub({call.nr, counters_->address(place), back, resume, leave}, call.clock.value_or(0));
}

bool CallStubs::set_resume(pid_t stopped, std::uint64_t site, std::uint64_t resume) {
  bool all = true;
  for (std::uint32_t place = 1; place < counters_->places(); ++place) {
    if (!written_[place] || counters_->call_at(place).site != site) continue;
    all = write_word(stopped, memory_.stub(place) + arch::kCallStubResume, resume) && all;
    all = write_word(stopped, memory_.leave_stub(place) + arch::kLeaveStubResume, resume) && all;
  }
  return all;
}

/// Where calls come to the stub. Of calls that change signals it makes queries only: the others must be seen each time.
std::uint64_t CallStubs::entry_of(std::uint32_t place) const {
  const CallCounters::CountedCall& call = counters_->call_at(place);
  if (call.clock) return memory_.stub(place) + arch::call_stub_clock_entry();
  return memory_.stub(place) +
         (SignalCalls::concerns(call.nr) ? arch::call_stub_query_entry() : arch::call_stub_entry());
}

/// Has calls of other numbers leave the stub. It may have been one of several: the stub that followed it then would
/// lead back to it.
bool CallStubs::lead_to_leave(pid_t stopped, std::uint32_t place, Others others) {
  const std::uint64_t address = memory_.stub(place) + arch::kCallStubOthers;
  const std::uint64_t leave = memory_.leave_stub(place) + arch::leave_stub_call();
  if (others == Others::running) return RemoteMemory(stopped).object<std::uint64_t>(address) == leave;
  return write_word(stopped, address, leave);
}

bool CallStubs::has_made_call(const arch::Registers& registers, const CallMemory::Position& position) const {
  if (position.leaves) return arch::has_called_in_leave_stub(position.offset);
  if (kind_of(counters_->call_at(position.place).nr) == CallStub::records)
    return arch::has_called_in_record_stub(position.offset);
  return arch::progress_in_call_stub(registers, position.offset).made;
}

/// How far behind the beginning of a stub that records the address is.
std::optional<std::size_t> CallStubs::offset_in_record_stub(std::uint64_t address) const {
  const auto position = memory_.position_of(address);
  const CallCounters::CountedCall* call = position && !position->leaves ? call_of(*position) : nullptr;
  return call != nullptr && kind_of(call->nr) == CallStub::records ? std::optional(position->offset) : std::nullopt;
}

bool CallStubs::waits_behind_call(std::uint64_t address) const {
  const auto offset = offset_in_record_stub(address);
  return offset && arch::waits_in_record_stub(*offset);
}

std::optional<arch::Registers> CallStubs::without_copy(const arch::Registers& registers) const {
  const auto offset = offset_in_record_stub(arch::program_counter(registers));
  return offset ? arch::without_copy(registers, *offset) : std::nullopt;
}

/// Code is written before what leads to it. So where the copy has a jump, it also has what that leads to.
void CallStubs::look_at_copy(pid_t stopped) {
  RemoteMemory memory(stopped);
  for (std::uint32_t place = 1; place < counters_->places(); ++place) {
    if (!written_[place]) continue;
    const bool counts = kind_of(counters_->call_at(place).nr) != CallStub::records;
    const auto words = memory.object<arch::CallStubWords>(memory_.stub(place));
    written_[place] = words && words->counters == (counts ? counters_->address(place) : index_);
  }
}

}  // namespace vdsotrace
