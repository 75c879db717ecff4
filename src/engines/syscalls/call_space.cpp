#include "engines/syscalls/call_space.hpp"

#include "arch/return_stub.hpp"

namespace vdsotrace {
namespace {

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

void leave_call_stub(StoppedThread& stopped, const CallSpace& space, bool restarts_count) {
  const auto* registers = stopped.registers();
  const auto position = registers != nullptr ? space.memory().position_of(arch::program_counter(*registers))
                                             : std::nullopt;
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
