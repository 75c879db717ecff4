#include "engines/syscalls/call_stub_exit.hpp"

#include "arch/record_stub.hpp"
#include "arch/return_stub.hpp"
#include "engines/syscalls/sites/call_instruction.hpp"
#include "engines/syscalls/stubs/record_exit.hpp"

namespace vdsotrace {
namespace {

/// Behind the call of that place: in the program's own code, if it is all there.
arch::Registers behind(StoppedThread& stopped, CallSpace& space, std::uint32_t place, std::int64_t result) {
  const CallCounters::CountedCall& call = space.stubs().counters().call_at(place);
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
  space.stubs().counters().add(position.place, !progress.counted,
                               !progress.error_counted && arch::is_failure(progress.result));
}

/// Of a stub that records. True if the call has yet to be made.
bool leave_recorded_call(StoppedThread& stopped, CallSpace& space, const CallMemory::Position& position,
                         bool restarts_count) {
  const auto left = leave_record_stub(stopped, space.stubs().memory(), position, restarts_count);
  if (!left) return false;
  const CallCounters::CountedCall& call = space.stubs().counters().call_at(position.place);
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

LeftCallStub leave_call_stub(StoppedThread& stopped, CallSpace& space, bool restarts_count) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return {};
  const auto position = space.stubs().memory().position_of(arch::program_counter(*registers));
  if (!position) {
    leave_jump(stopped, space);
    return {};
  }
  const CallCounters::CountedCall* call = space.stubs().call_of(*position);
  if (call == nullptr) return {};
  const bool is_sent = !position->leaves && is_behind_entry(position->offset);
  if (!position->leaves && space.stubs().kind_of(call->nr) == CallStub::records) {
    const bool unmade = leave_recorded_call(stopped, space, *position, restarts_count);
    return {unmade && is_sent ? std::optional(call->nr) : std::nullopt, unmade};
  }
  if (!space.stubs().has_made_call(*registers, *position)) {
    stopped.set_registers(arch::moved_to(*registers, call->site));
    return {is_sent ? std::optional(call->nr) : std::nullopt, false};
  }
  if (position->leaves) {
    stopped.set_registers(behind(stopped, space, position->place, arch::return_value(*registers)));
  } else {
    leave_made_call(stopped, space, *position, restarts_count);
  }
  return {};
}

}  // namespace vdsotrace
