#include "engines/syscalls/call_space.hpp"

#include <span>

#include "arch/return_stub.hpp"
#include "engines/syscalls/call_instruction.hpp"

namespace vdsotrace {
namespace {

/// To take a file's code apart costs as much as many stops.
constexpr int kStopsBeforePatch = 16;
constexpr std::size_t kMostSites = 4096;

bool write_word(pid_t stopped, std::uint64_t address, std::uint64_t word) {
  return write_remote(stopped, address, std::as_bytes(std::span(&word, 1)));
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
  const std::uint64_t others = memory_.leave_stub(place) + arch::leave_stub_call();
  return write_remote(stopped, memory_.leave_stub(place), arch::make_leave_stub({back, resume})) &&
         write_remote(stopped, memory_.stub(place),
                      arch::make_call_stub({call.nr, counters_->address(place), back, resume, others}));
}

void CallSpace::on_stop(StoppedThread& stopped, std::uint32_t place, bool by_jump, CodeFiles& files) {
  const std::uint64_t address = counters_->call_at(place).site;
  Site& site = sites_[address];
  ++site.stops;
  if (stopped.thread().space.use_count() != 1) return;
  if (by_jump) {
    add_number(stopped.tid(), site, place);
    return;
  }
  // It has come to the call by a way around the jump, or other code is there than what was patched.
  if (patches_.is_in_force(stopped.tid(), address)) return;
  if (patches_.is_patched(address)) undo(stopped.tid(), address);
  if (site.refused || site.stops < kStopsBeforePatch) return;
  site.refused = !patch(stopped, site, place, files);
  site.last = place;
}

bool CallSpace::patch(StoppedThread& stopped, const Site& site, std::uint32_t place, CodeFiles& files) {
  const std::uint64_t address = counters_->call_at(place).site;
  const auto found = files.site_at(stopped.tid(), address);
  if (!found || (found->shape == SiteShape::widened && (site.keeps_behind || !may_widen_))) return false;
  if (!lead_to_leave(stopped.tid(), place)) return false;
  if (!patches_.patch(stopped, *found, memory_.stub(place) + arch::call_stub_entry())) return false;
  const auto tail = patches_.tail_of(address);
  return !tail || resume_at(stopped.tid(), address, *tail) || (undo(stopped.tid(), address), false);
}

/// Of a stub that has been one of several: what they led to before would lead round in a circle.
bool CallSpace::lead_to_leave(pid_t stopped, std::uint32_t place) {
  return write_word(stopped, memory_.stub(place) + arch::kCallStubOthers,
                    memory_.leave_stub(place) + arch::leave_stub_call());
}

bool CallSpace::add_number(pid_t stopped, Site& site, std::uint32_t place) {
  if (!patches_.is_patched(counters_->call_at(place).site) || !lead_to_leave(stopped, place)) return false;
  const std::uint64_t to = memory_.stub(place) + arch::call_stub_entry();
  if (!write_word(stopped, memory_.stub(site.last) + arch::kCallStubOthers, to)) return false;
  site.last = place;
  return true;
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

void CallSpace::admit_others(pid_t stopped, bool followed) {
  for (const std::uint64_t site : patches_.widened()) undo(stopped, site);
  if (!followed) patches_.undo(stopped);
}

bool CallSpace::undo(pid_t stopped, std::uint64_t site) {
  const bool moved = patches_.tail_of(site).has_value();
  if (!patches_.undo(stopped, site)) return false;
  return !moved || resume_at(stopped, site, behind_site(site));
}

bool CallSpace::undo(pid_t stopped) {
  admit_others(stopped, true);
  return patches_.undo(stopped);
}

void leave_call_stub(StoppedThread& stopped, CallSpace& space, bool restarts_count) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const auto position = space.memory().position_of(arch::program_counter(*registers));
  if (!position) {
    leave_jump(stopped, space);
    return;
  }
  if (position->place == 0 || position->place >= space.counters().places()) return;
  const bool made = position->leaves ? position->offset > arch::leave_stub_call()
                                     : arch::progress_in_call_stub(*registers, position->offset).made;
  if (!made) {
    stopped.set_registers(arch::moved_to(*registers, space.counters().call_at(position->place).site));
  } else if (position->leaves) {
    stopped.set_registers(behind(stopped, space, position->place, arch::return_value(*registers)));
  } else {
    leave_made_call(stopped, space, *position, restarts_count);
  }
}

}  // namespace vdsotrace
