#include "engines/syscalls/call_space.hpp"

#include "arch/return_stub.hpp"

namespace vdsotrace {
namespace {

/// To take a file's code apart costs as much as many stops.
constexpr int kStopsBeforePatch = 16;

/// Behind the program's own instruction.
std::uint64_t back_of(const CallCounters::CountedCall& call) { return call.site + arch::kSystemCall.size(); }

void leave_made_call(StoppedThread& stopped, const CallSpace& space, const CallMemory::Position& position,
                     bool restarts_count) {
  const arch::Registers registers = *stopped.registers();
  const auto progress = arch::progress_in_call_stub(registers, position.offset);
  const std::uint64_t back = back_of(space.counters().call_at(position.place));
  const bool restarts = !progress.counted && arch::restarts_call(registers);
  if (!stopped.set_registers(arch::behind_call(registers, progress.result, back))) return;
  if (restarts && !restarts_count) return;
  space.counters().add(position.place, !progress.counted, !progress.error_counted && arch::is_failure(progress.result));
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
  const std::uint64_t back = back_of(call);
  const std::uint64_t others = memory_.leave_stub(place) + arch::leave_stub_call();
  return write_remote(stopped, memory_.leave_stub(place), arch::make_leave_stub(back)) &&
         write_remote(stopped, memory_.stub(place),
                      arch::make_call_stub({call.nr, counters_->address(place), back, others}));
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
  // It has stopped at the site: other code is there than what was patched.
  patches_.forget(address);
  if (site.refused || site.stops < kStopsBeforePatch) return;
  const auto found = files.site_at(stopped.tid(), address);
  site.refused = !found || !patches_.patch(stopped, *found, memory_.stub(place) + arch::call_stub_entry());
  site.last = place;
}

bool CallSpace::add_number(pid_t stopped, Site& site, std::uint32_t place) {
  const std::uint64_t to = memory_.stub(place) + arch::call_stub_entry();
  const std::uint64_t word = memory_.stub(site.last) + arch::call_stub_others();
  if (!patches_.is_patched(counters_->call_at(place).site)) return false;
  if (!write_remote(stopped, word, std::as_bytes(std::span(&to, 1)))) return false;
  site.last = place;
  return true;
}

void leave_call_stub(StoppedThread& stopped, const CallSpace& space, bool restarts_count) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  if (const auto site = space.patches().site_behind(arch::program_counter(*registers))) {
    stopped.set_registers(arch::moved_to(*registers, *site));
    return;
  }
  const auto position = space.memory().position_of(arch::program_counter(*registers));
  if (!position || position->place == 0 || position->place >= space.counters().places()) return;
  const CallCounters::CountedCall& call = space.counters().call_at(position->place);
  const bool made = position->leaves ? position->offset > arch::leave_stub_call()
                                     : arch::progress_in_call_stub(*registers, position->offset).made;
  if (!made) {
    stopped.set_registers(arch::moved_to(*registers, call.site));
  } else if (position->leaves) {
    stopped.set_registers(arch::behind_call(*registers, arch::return_value(*registers), back_of(call)));
  } else {
    leave_made_call(stopped, space, *position, restarts_count);
  }
}

}  // namespace vdsotrace
