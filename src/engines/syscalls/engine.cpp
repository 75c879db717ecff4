#include "engines/syscalls/engine.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <csignal>

#include "arch/record_stub.hpp"
#include "engines/syscalls/call_stub_exit.hpp"
#include "engines/syscalls/dispatch.hpp"
#include "engines/syscalls/sites/call_instruction.hpp"
#include "model/syscalls/spec.hpp"
#include "os/machine/tsc_clock.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

CallSpace* calls_of(const AddressSpace& space) { return static_cast<CallSpace*>(space.call_record()); }
CallSpace* calls_of(const StoppedThread& stopped) { return calls_of(*stopped.thread().space); }

/// A filter of the program's own has answered a stub's call with a signal, which says where the call was made.
void name_own_instruction(StoppedThread& stopped, const CallMemory& memory) {
  auto info = ptrace::signal_info(stopped.tid());
  const auto* registers = stopped.registers();
  if (!info || registers == nullptr || info->si_signo != SIGSYS || info->si_code != kFilteredCall) return;
  if (!memory.position_of(reinterpret_cast<std::uint64_t>(info->si_call_addr))) return;
  info->si_call_addr = reinterpret_cast<void*>(arch::program_counter(*registers));
  ptrace::set_signal_info(stopped.tid(), *info);
}

}  // namespace

// ---- processes ----

void SyscallEngine::install(AddressSpace& space, StoppedThread& stopped, std::span<StoppedThread* const> others) {
  inner_->install(space, stopped, others);
  if (auto begun = begin(space, stopped); !begun) refuse(stopped, begun.error().message);
}

/// Makes what is needed to count or record calls of the space; each thread begins with it at the end of its stop.
Result<void> SyscallEngine::begin(AddressSpace& space, StoppedThread& stopped) {
  if (space.abi() != Abi::x86_64) return fail(fmt::format("it is a {} program", name_of(space.abi())));
  if (space.every_call_stops()) return fail("filters may answer its system calls");
  const auto dispatch = ptrace::syscall_dispatch(stopped.tid());
  if (!dispatch) return fail("this kernel lets no tracer dispatch system calls (Linux 6.4)");
  const std::uint64_t index = choice_.records() ? inner_->ring_index(space) : 0;
  if (choice_.records() && index == 0) return fail("nothing can be recorded in it");
  const auto stub_bytes = choice_.records() ? arch::kRecordStubBytes : arch::kCallStubBytes;
  const auto memory = find_call_memory(space, stopped.tid(), stub_bytes);
  if (!memory) return fail("there is no free memory, or it is not known where");
  auto counters = map_call_memory(stopped, *memory);
  if (!counters) return tl::unexpected(counters.error());
  counters_.push_back(*counters);
  space.set_call_record(std::make_shared<CallSpace>(CallStubs(*memory, *counters, choice_, index)));
  return {};
}

void SyscallEngine::refuse(StoppedThread& stopped, std::string_view why) {
  const std::string_view seen = choice_.records() ? "seen" : "counted";
  reporter_.report(stopped.thread(), Notice{fmt::format("its system calls are {} by stops: {}", seen, why)});
}

/// What it has recorded comes before what it has stopped for.
void SyscallEngine::leave_stub(StoppedThread& stopped, CallSpace& calls, bool restarts_count) {
  const LeftCallStub left = leave_call_stub(stopped, calls, restarts_count);
  const auto* registers = stopped.registers();
  if (left.unmade && registers != nullptr && SignalCalls::may_change(*left.unmade, arch::system_call(*registers)))
    signals_.take_back(stopped.thread());
  if (left.has_record) inner_->on_call_abandoned(stopped.thread());
  if (choice_.records()) inner_->on_stop(stopped.thread());
}

void SyscallEngine::on_clone(const Thread& parent, const Thread& child) {
  inner_->on_clone(parent, child);
  CallSpace* calls = calls_of(*parent.space);
  if (calls == nullptr) return;
  if (child.space != parent.space) {
    child.space->set_call_record(calls->copy_for_fork());
  } else {
    if (parent.vfork_child == child.tid && parent.in_call) calls->sharers().note_waiting(parent.tid);
    calls->admit(parent.tid, child);
  }
  // At first the child is taken to make such calls as its creator.
  if (const auto mix = mixes_.find(parent.tid); mix != mixes_.end()) mixes_[child.tid] = mix->second;
}

/// A child whose rings are gone has stubs that must not be run any more.
void SyscallEngine::on_first_stop(StoppedThread& stopped) {
  CallSpace* calls = calls_of(stopped);
  if (calls != nullptr) calls->look_at_copy(stopped.tid());
  inner_->on_first_stop(stopped);
  AddressSpace& space = *stopped.thread().space;
  if (calls == nullptr || !choice_.records() || inner_->ring_index(space) != 0) return;
  calls->undo(stopped.tid());
  space.stop_at_every_syscall();
}

void SyscallEngine::on_end(Thread& thread) {
  if (CallSpace* calls = calls_of(*thread.space)) calls->sharers().note_gone(thread.tid);
  signals_.forget(thread.tid);
  mixes_.erase(thread.tid);
  inner_->on_end(thread);
}

bool SyscallEngine::vacate_for_detach(StoppedThread& stopped, bool may_wait) {
  // As long as the thread runs, its calls must not be system call stops as well.
  if (!inner_->vacate_for_detach(stopped, may_wait)) return false;
  if (CallSpace* calls = calls_of(stopped)) {
    leave_stub(stopped, *calls, false);
    if (stopped.thread().dispatched) end_dispatch(stopped);
  }
  return true;
}

bool SyscallEngine::remove(AddressSpace& space, StoppedThread& stopped) {
  if (CallSpace* calls = calls_of(space)) {
    // A child stands where its creator has made it.
    leave_stub(stopped, *calls, false);
    if (!calls->undo(stopped.tid())) return false;
    calls->unmap(stopped);
    const CallMemory memory = calls->stubs().memory();
    // The instruction by which threads make calls for us goes with it.
    space.set_call_record(nullptr);
    unmap_call_memory(stopped, memory);
  }
  return inner_->remove(space, stopped);
}

// ---- stops ----

void SyscallEngine::on_stop(Thread& thread) {
  if (CallSpace* calls = calls_of(*thread.space)) calls->sharers().note_running(thread.tid);
  inner_->on_stop(thread);
}

std::optional<Resume> SyscallEngine::on_dispatched_call(StoppedThread& stopped, const siginfo_t& info) {
  CallSpace* calls = calls_of(stopped);
  const Thread& thread = stopped.thread();
  if (calls == nullptr || !thread.dispatched) return std::nullopt;
  const DispatchStop stop = dispatch_stop(stopped, info, *calls);
  if (stop == DispatchStop::none) return std::nullopt;
  repair_signal_state(stopped, SIGSYS);
  const bool waits = thread.blocked.has(SIGSYS) || thread.actions->ignored(SIGSYS);
  if (stop == DispatchStop::signal && !waits) {
    // Its handler comes first, then the call.
    const arch::Registers registers = *stopped.registers();
    stopped.set_registers(arch::moved_to(registers, site_before(arch::program_counter(registers))));
    return std::nullopt;
  }
  const DispatchedCall dispatched{is_by_syscall(stopped, info), choice_.records() && inner_->has_ring(stopped)};
  // A signal that is blocked is kept by the kernel, though not by whom it was sent: it is sent again.
  return Resume{make_dispatched_call(stopped, dispatched, *calls, files_, signals_),
                stop == DispatchStop::signal ? SIGSYS : 0};
}

/// The program lets the thread trap after each instruction. If each trap put it back to a jump of ours, it would never
/// come to its call. Behind a call the processor traps one instruction late: that one was the stub's.
bool SyscallEngine::on_own_step(StoppedThread& stopped) {
  CallSpace* calls = calls_of(stopped);
  const auto* registers = stopped.registers();
  if (calls == nullptr || registers == nullptr || !arch::traps_every_step(*registers))
    return inner_->on_own_step(stopped);
  if (calls->is_in_jump(*registers)) return true;
  if (!calls->stubs().memory().position_of(arch::program_counter(*registers))) return inner_->on_own_step(stopped);
  leave_stub(stopped, *calls, false);
  return true;
}

/// Where reading the counter is forbidden (PR_SET_TSC) stubs must not show it.
std::optional<Resume> SyscallEngine::on_trap(StoppedThread& stopped) {
  CallSpace* calls = calls_of(stopped);
  const auto* registers = stopped.registers();
  if (calls == nullptr || registers == nullptr) return inner_->on_trap(stopped);
  if (calls->resume_at_written(stopped)) return Resume{};
  const std::uint64_t counter = arch::program_counter(*registers);
  const auto position = calls->stubs().memory().position_of(counter);
  if (!position || position->leaves) return inner_->on_trap(stopped);
  // What it has recorded has been reported.
  if (calls->stubs().waits_behind_call(arch::breakpoint_address(*registers))) return Resume{};
  if (stopped.memory().object<std::array<std::byte, 2>>(counter) != arch::kClockRead) return std::nullopt;
  stopped.set_registers(arch::after_clock_read(*registers, TscClock::now()));
  return Resume{};
}

/// A stub cannot read what a pointer of the program leads to: the call is left to the kernel, and nothing is copied.
bool SyscallEngine::on_fault(StoppedThread& stopped, int signal) {
  const CallSpace* calls = calls_of(stopped);
  const auto* registers = stopped.registers();
  const auto behind = calls != nullptr && registers != nullptr ? calls->stubs().without_copy(*registers) : std::nullopt;
  if (!behind || !stopped.set_registers(*behind)) return inner_->on_fault(stopped, signal);
  repair_signal_state(stopped, signal);
  return true;
}

void SyscallEngine::on_interrupted(StoppedThread& stopped) {
  CallSpace* calls = calls_of(stopped);
  if (calls == nullptr) return;
  leave_stub(stopped, *calls, true);
  name_own_instruction(stopped, calls->stubs().memory());
}

void SyscallEngine::move_out_of_engine_code(StoppedThread& stopped) {
  if (CallSpace* calls = calls_of(stopped)) leave_stub(stopped, *calls, false);
  inner_->move_out_of_engine_code(stopped);
}

/// By a jump, of a thread whose calls all stop: it makes calls that suit stubs.
bool SyscallEngine::records_call(const Thread& thread, std::uint64_t behind) {
  const CallSpace* calls = choice_.records() ? calls_of(*thread.space) : nullptr;
  if (calls == nullptr || !calls->stubs().records_at(behind)) return false;
  mixes_[thread.tid].note(true);
  return true;
}

bool SyscallEngine::on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) {
  if (choice_.records() && thread.in_call)
    mixes_[thread.tid].note(fallback == nullptr && choice_.suits_stub(thread.in_call->call));
  return inner_->on_call_entry(thread, fallback, stack_pointer);
}

bool SyscallEngine::suits_stubs(const Thread& thread) const {
  if (!choice_.records() || times_all_) return true;
  const auto mix = mixes_.find(thread.tid);
  return mix != mixes_.end() && mix->second.suits_stubs();
}

Resume::How SyscallEngine::resume_mode(StoppedThread& stopped) {
  Thread& thread = stopped.thread();
  CallSpace* calls = calls_of(stopped);
  const bool by_stubs = calls != nullptr && thread.role == Thread::Role::traced && !thread.space->every_call_stops();
  if (by_stubs && !thread.dispatched && !thread.in_call && !thread.executed && suits_stubs(thread) &&
      !begin_dispatch(stopped, calls->stubs().memory())) {
    refuse(stopped, "it dispatches system calls itself");
    calls->undo(stopped.tid());
    thread.space->stop_at_every_syscall();
  }
  return inner_->resume_mode(stopped);
}

// ---- counts ----

Drained SyscallEngine::drain() {
  for (const auto& counters : counters_) {
    for (const CallCounters::Total& total : counters->take_new()) {
      if (!choice_.reports_counts()) continue;
      Event event = counts_of(counters->tgid(), total.call.nr, total.route, total.counted);
      std::get<Counts>(event.body).clock = total.call.clock;
      sink_.accept(std::move(event));
    }
  }
  // A process that has ended counts no more.
  std::erase_if(counters_, [](const auto& counters) { return counters.use_count() == 1; });
  return inner_->drain();
}

}  // namespace vdsotrace
