#include "engines/syscalls/call_space.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "arch/record_stub.hpp"
#include "arch/return_stub.hpp"
#include "engines/syscalls/call_instruction.hpp"
#include "engines/syscalls/record_exit.hpp"
#include "engines/syscalls/signal_calls.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostSites = 4096;

CodeWrite word_at(std::uint64_t address, std::uint64_t word) {
  const auto bytes = std::as_bytes(std::span(&word, 1));
  return {address, {bytes.begin(), bytes.end()}};
}

bool write_word(pid_t stopped, std::uint64_t address, std::uint64_t word) {
  return write_remote(stopped, address, word_at(address, word).bytes);
}

std::optional<std::byte> byte_at(pid_t stopped, std::uint64_t address) {
  return RemoteMemory(stopped).object<std::byte>(address);
}

/// Whether the thread has come back from the call of the stub that it is in.
bool has_made_call(const CallSpace& space, const arch::Registers& registers, const CallMemory::Position& position) {
  if (position.leaves) return arch::has_called_in_leave_stub(position.offset);
  if (space.kind_of(space.counters().call_at(position.place).nr) == CallStub::records)
    return arch::has_called_in_record_stub(position.offset);
  return arch::progress_in_call_stub(registers, position.offset).made;
}

/// Behind the call of that place: in the program's own code, if it is all there.
arch::Registers behind(StoppedThread& stopped, CallSpace& space, std::uint32_t place, std::int64_t result) {
  const CallCounters::CountedCall& call = space.counters().call_at(place);
  const auto tail = space.patches().tail_of(call.site);
  const bool whole = space.keep_behind(stopped.tid(), call.site);
  arch::Registers registers = arch::behind_call(*stopped.registers(), result, behind_site(call.site));
  return whole || !tail ? registers : arch::with_program_counter(registers, *tail);
}

void leave_made_call(StoppedThread& stopped, CallSpace& space, const CallMemory::Position& position,
                     bool restarts_count) {
  const arch::Registers registers = *stopped.registers();
  const auto progress = arch::progress_in_call_stub(registers, position.offset);
  const bool restarts = !progress.counted && arch::restarts_call(registers);
  if (!stopped.set_registers(behind(stopped, space, position.place, progress.result))) return;
  if (restarts && !restarts_count) return;
  space.counters().add(position.place, !progress.counted, !progress.error_counted && arch::is_failure(progress.result));
}

/// Of a stub that records. True if the call has yet to be made.
bool leave_recorded_call(StoppedThread& stopped, CallSpace& space, const CallMemory::Position& position,
                         bool restarts_count) {
  const auto left = leave_record_stub(stopped, space.memory(), position, restarts_count);
  if (!left) return false;
  const CallCounters::CountedCall& call = space.counters().call_at(position.place);
  if (!left->made) {
    stopped.set_registers(arch::moved_to(left->registers, call.site));
    return true;
  }
  if (arch::return_value(left->registers) == arch::kRestartBlock) stopped.thread().restarted_call = call.nr;
  if (stopped.set_registers(left->registers))
    stopped.set_registers(behind(stopped, space, position.place, arch::return_value(left->registers)));
  return false;
}

/// In a slot, in padding, or in the program's own code.
void leave_jump(StoppedThread& stopped, CallSpace& space) {
  const arch::Registers registers = *stopped.registers();
  const std::uint64_t counter = arch::program_counter(registers);
  const auto own = space.patches().own_place(counter);
  const std::uint64_t before = site_before(own ? own->address : counter);
  if (own && own->address == own->site) {
    stopped.set_registers(arch::moved_to(registers, own->site));
    return;
  }
  const bool behind = own ? before == own->site : is_site(stopped, before);
  if (behind && !space.keep_behind(stopped.tid(), before)) return;
  if (own) stopped.set_registers(arch::with_program_counter(registers, own->address));
}

/// Whether a thread that is so far in a stub may have been sent there to make the call.
bool is_behind_entry(std::size_t offset) {
  return offset >= arch::call_stub_entry() && offset != arch::call_stub_others_jump();
}

}  // namespace

std::optional<std::uint32_t> CallSpace::stub_for(pid_t stopped, const CallCounters::CountedCall& call,
                                                 const std::optional<Route>& route) {
  const auto place = counters_->place_for(call, route);
  if (!place || (!written_[*place] && !write_stub(stopped, *place))) return std::nullopt;
  written_[*place] = true;
  return place;
}

bool CallSpace::write_stub(pid_t stopped, std::uint32_t place) {
  const CallCounters::CountedCall& call = counters_->call_at(place);
  const std::uint64_t back = behind_site(call.site);
  const std::uint64_t resume = patches_.tail_of(call.site).value_or(back);
  return write_remote(stopped, memory_.leave_stub(place), arch::make_leave_stub({back, resume})) &&
         write_remote(stopped, memory_.stub(place), stub_of(place));
}

std::vector<std::byte> CallSpace::stub_of(std::uint32_t place) const {
  const CallCounters::CountedCall& call = counters_->call_at(place);
  const std::uint64_t back = behind_site(call.site);
  const std::uint64_t resume = patches_.tail_of(call.site).value_or(back);
  const std::uint64_t leave = memory_.leave_stub(place) + arch::leave_stub_call();
  const std::uint64_t unsuited = memory_.leave_stub(place) + arch::leave_stub_unsuited_call();
  if (kind_of(call.nr) == CallStub::records)
    return arch::make_record_stub({call.nr, index_, back, resume, leave, leave, unsuited}, choice_->copies(call.nr));
  return arch::make_call_stub({call.nr, counters_->address(place), back, resume, leave});
}

/// Where jumps lead: those of calls that change signals, to be seen each time, are no matter of the stub.
std::uint64_t CallSpace::entry_of(std::uint32_t place) const {
  const bool is_signals = SignalCalls::concerns(counters_->call_at(place).nr);
  return memory_.stub(place) + (is_signals ? arch::call_stub_query_entry() : arch::call_stub_entry());
}

Others CallSpace::others_of(const StoppedThread& stopped) const {
  const auto running = stopped.thread().space.use_count() - static_cast<long>(waiting_.size());
  return running == 1 ? Others::stopped : Others::running;
}

void CallSpace::on_stop(StoppedThread& stopped, std::uint32_t place, bool by_jump, CodeFiles& files) {
  const std::uint64_t address = counters_->call_at(place).site;
  Site& site = sites_[address];
  ++site.stops;
  const Others others = others_of(stopped);
  if (!unfollowed_.empty()) return;
  if (by_jump) {
    add_number(stopped, site, place, others);
    return;
  }
  // It has come to the call by a way around the jump, or other code is there than what was patched.
  if (patches_.is_in_force(stopped.tid(), address)) return;
  if (patches_.is_patched(address)) undo(stopped.tid(), address);
  if (site.refused || !files.pays_after(site.stops, stopped.thread().tgid, address)) return;
  site.refused = !patch(stopped, site, place, files, others);
  site.stubs = {place};
}

bool CallSpace::patch(StoppedThread& stopped, const Site& site, std::uint32_t place, CodeFiles& files, Others others) {
  const std::uint64_t address = counters_->call_at(place).site;
  const auto found = files.site_at(stopped.tid(), address);
  if (!found || (found->shape == SiteShape::widened && (site.keeps_behind || !may_widen_))) return false;
  if (!lead_to_leave(stopped.tid(), place, others)) return false;
  if (!patches_.patch(stopped, *found, entry_of(place), others)) return false;
  const auto tail = patches_.tail_of(address);
  return !tail || resume_at(stopped.tid(), address, *tail) || (undo(stopped.tid(), address), false);
}

/// Of a stub that has been one of several: what they led to before would lead round in a circle.
bool CallSpace::lead_to_leave(pid_t stopped, std::uint32_t place, Others others) {
  const std::uint64_t address = memory_.stub(place) + arch::kCallStubOthers;
  const std::uint64_t leave = memory_.leave_stub(place) + arch::leave_stub_call();
  if (others == Others::running) return RemoteMemory(stopped).object<std::uint64_t>(address) == leave;
  return write_word(stopped, address, leave);
}

bool CallSpace::add_number(StoppedThread& stopped, Site& site, std::uint32_t place, Others others) {
  // Several threads may have stopped for the same number.
  if (site.stubs.empty() || std::ranges::find(site.stubs, place) != site.stubs.end()) return false;
  const pid_t tid = stopped.tid();
  if (!patches_.is_patched(counters_->call_at(place).site) || !lead_to_leave(tid, place, others)) return false;
  const std::uint64_t last = memory_.stub(site.stubs.back());
  const CodeWrite next = word_at(last + arch::kCallStubOthers, entry_of(place));
  const std::uint64_t jump = last + arch::call_stub_others_jump();
  const auto first = byte_at(tid, jump);
  if (!first || *first == arch::kBreakpoint[0]) return false;
  if (others == Others::running ? !poke_text(stopped, next, {jump, {*first}})
                                : !write_remote(tid, next.address, next.bytes))
    return false;
  site.stubs.push_back(place);
  return true;
}

bool CallSpace::resume_at_written(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return false;
  const std::uint64_t address = arch::breakpoint_address(*registers);
  const auto site = patches_.site_that_begins(address);
  const auto position = memory_.position_of(address);
  const bool in_stub = position && !position->leaves && position->offset == arch::call_stub_others_jump();
  if (!site && !in_stub) return false;
  if (byte_at(stopped.tid(), address) == arch::kBreakpoint[0]) {
    if (site) undo(stopped.tid(), *site);
    if (in_stub) mend_copied_stub(stopped.tid(), position->place);
  }
  return stopped.set_program_counter(address);
}

/// How far behind the beginning of a stub that records the address is.
std::optional<std::size_t> CallSpace::offset_in_record_stub(std::uint64_t address) const {
  const auto position = memory_.position_of(address);
  const bool in_stub = position && !position->leaves && position->place != 0 && position->place < counters_->places();
  if (!in_stub || kind_of(counters_->call_at(position->place).nr) != CallStub::records) return std::nullopt;
  return position->offset;
}

bool CallSpace::waits_behind_call(std::uint64_t address) const {
  const auto offset = offset_in_record_stub(address);
  return offset && arch::waits_in_record_stub(*offset);
}

std::optional<arch::Registers> CallSpace::without_copy(const arch::Registers& registers) const {
  const auto offset = offset_in_record_stub(arch::program_counter(registers));
  return offset ? arch::without_copy(registers, *offset) : std::nullopt;
}

bool CallSpace::is_in_jump(const arch::Registers& registers) const {
  const std::uint64_t counter = arch::program_counter(registers);
  if (const auto own = patches_.own_place(counter)) return patches_.site_that_begins(own->address).has_value();
  const auto position = memory_.position_of(counter);
  if (!position || position->place == 0 || position->place >= counters_->places()) return false;
  return !has_made_call(*this, registers, *position) &&
         patches_.site_that_begins(counters_->call_at(position->place).site);
}

/// A fork has copied it while the stub that follows it was being written.
void CallSpace::mend_copied_stub(pid_t stopped, std::uint32_t place) {
  write_stub(stopped, place);
  std::vector<std::uint32_t>& stubs = sites_[counters_->call_at(place).site].stubs;
  const auto found = std::ranges::find(stubs, place);
  if (found != stubs.end()) stubs.erase(found + 1, stubs.end());
}

/// Of all stubs of a site.
bool CallSpace::resume_at(pid_t stopped, std::uint64_t site, std::uint64_t address) {
  bool all = true;
  for (std::uint32_t place = 1; place < counters_->places(); ++place) {
    if (!written_[place] || counters_->call_at(place).site != site) continue;
    all = write_word(stopped, memory_.stub(place) + arch::kCallStubResume, address) && all;
    all = write_word(stopped, memory_.leave_stub(place) + arch::kLeaveStubResume, address) && all;
  }
  return all;
}

bool CallSpace::keep_behind(pid_t stopped, std::uint64_t site) {
  // Their number is the program's to choose.
  may_widen_ = may_widen_ && sites_.size() < kMostSites;
  if (may_widen_ || sites_.contains(site)) sites_[site].keeps_behind = true;
  return !patches_.tail_of(site) || undo(stopped, site);
}

std::shared_ptr<CallSpace> CallSpace::copy_for_fork() const {
  auto copy = std::make_shared<CallSpace>(*this);
  copy->copied_while_written_ = std::exchange(copy->has_had_others_, false);
  copy->waiting_.clear();
  copy->unfollowed_.clear();
  return copy;
}

/// Code is written before what leads to it: so a jump that the memory has leads to what it has, too.
void CallSpace::look_at_copy(pid_t stopped) {
  if (!std::exchange(copied_while_written_, false)) return;
  patches_.look_at_copy(stopped);
  RemoteMemory memory(stopped);
  for (std::uint32_t place = 1; place < counters_->places(); ++place) {
    if (!written_[place]) continue;
    const bool counts = kind_of(counters_->call_at(place).nr) != CallStub::records;
    const auto words = memory.object<arch::CallStubWords>(memory_.stub(place));
    written_[place] = words && words->counters == (counts ? counters_->address(place) : index_);
  }
  // Their order is that of the memory only in front of what was written last.
  for (auto& [address, site] : sites_) site.stubs.resize(std::min<std::size_t>(site.stubs.size(), 1));
}

void CallSpace::admit(pid_t stopped, const Thread& other) {
  has_had_others_ = true;
  undo_widened(stopped);
  if (other.role == Thread::Role::traced) return;
  unfollowed_.insert(other.tid);
  patches_.undo(stopped);
}

void CallSpace::undo_widened(pid_t stopped) {
  for (const std::uint64_t site : patches_.widened()) undo(stopped, site);
}

bool CallSpace::undo(pid_t stopped, std::uint64_t site) {
  const bool moved = patches_.tail_of(site).has_value();
  if (!patches_.undo(stopped, site)) return false;
  return !moved || resume_at(stopped, site, behind_site(site));
}

bool CallSpace::undo(pid_t stopped) {
  undo_widened(stopped);
  return patches_.undo(stopped);
}

LeftCallStub leave_call_stub(StoppedThread& stopped, CallSpace& space, bool restarts_count) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return {};
  const auto position = space.memory().position_of(arch::program_counter(*registers));
  if (!position) {
    leave_jump(stopped, space);
    return {};
  }
  if (position->place == 0 || position->place >= space.counters().places()) return {};
  const CallCounters::CountedCall& call = space.counters().call_at(position->place);
  const bool is_sent = !position->leaves && is_behind_entry(position->offset);
  if (!position->leaves && space.kind_of(call.nr) == CallStub::records) {
    const bool unmade = leave_recorded_call(stopped, space, *position, restarts_count);
    return {unmade && is_sent ? std::optional(call.nr) : std::nullopt, unmade};
  }
  if (!has_made_call(space, *registers, *position)) {
    stopped.set_registers(arch::moved_to(*registers, call.site));
    return {is_sent ? std::optional(call.nr) : std::nullopt, false};
  }
  if (position->leaves) {
    stopped.set_registers(behind(stopped, space, position->place, arch::return_value(*registers)));
  } else {
    leave_made_call(stopped, space, *position, restarts_count);
  }
  return {};
}

}  // namespace vdsotrace
