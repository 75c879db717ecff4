#include "engines/syscalls/dispatch.hpp"

#include "engines/syscalls/sites/call_instruction.hpp"

namespace vdsotrace {
namespace {

/// Clocks that are counted each by itself. Of the rest, those of processes and descriptors, there may be any number.
constexpr std::uint32_t kClocks = 32;

/// Whether a call that stopped was made there by 64-bit code's instruction, even if the stop of another thread has
/// patched that since. 64-bit code can make calls of 32-bit programs, too.
bool was_made_at(StoppedThread& stopped, const CallSpace& calls, std::uint64_t site) {
  return calls.patches().is_patched(site) || is_site(stopped, site);
}

/// The call that the thread was stopped at, if a stub may make it.
std::optional<CallCounters::CountedCall> call_for_stub(StoppedThread& stopped, const CallSpace& calls,
                                                       const DispatchedCall& dispatched) {
  const auto& registers = *stopped.registers();
  const std::uint64_t behind = arch::program_counter(registers);
  const std::int64_t nr = arch::requested_call(registers);
  const CallStub kind = calls.stubs().kind_of(nr);
  // A stub that copies raises signals, too.
  const std::uint64_t own = calls.stubs().record() ? kForcedSignals : signal_bit(SIGTRAP) | signal_bit(SIGSYS);
  const bool is_seen = !SignalCalls::concerns(nr) ||
                       SignalCalls::can_expect(stopped.thread(), arch::system_call(registers), own);
  const bool stops = kind == CallStub::none || !is_seen || (kind == CallStub::records && !dispatched.has_ring);
  if (stops || stopped.thread().space->fallback_at(behind) != nullptr) return std::nullopt;
  const auto position = calls.stubs().memory().position_of(behind);
  const bool unsuited = position && position->leaves &&
                        site_before(behind) ==
                            calls.stubs().memory().leave_stub(position->place) + arch::leave_stub_unsuited_call();
  if (unsuited) return std::nullopt;
  CallCounters::CountedCall call{0, nr};
  if (calls.stubs().count_by_clock(nr)) call.clock = static_cast<std::uint32_t>(arch::system_call(registers).args[0]);
  if (call.clock.value_or(0) >= kClocks) return std::nullopt;
  if (position && position->place < calls.stubs().counters().places())
    call.site = calls.stubs().counters().call_at(position->place).site;
  if (call.site != 0) return call;
  call.site = site_before(behind);
  return dispatched.by_syscall || was_made_at(stopped, calls, call.site) ? std::optional(call) : std::nullopt;
}

}  // namespace

bool begin_dispatch(StoppedThread& stopped, const CallMemory& memory) {
  const auto now = ptrace::syscall_dispatch(stopped.tid());
  if (now && now->on) return false;
  const ptrace::SyscallDispatch ours{true, memory.code(), memory.allowed_end - memory.code(), 0};
  stopped.thread().dispatched = ptrace::set_syscall_dispatch(stopped.tid(), ours);
  return true;
}

void end_dispatch(StoppedThread& stopped) {
  ptrace::set_syscall_dispatch(stopped.tid(), {});
  stopped.thread().dispatched = false;
}

/// Where a call was dispatched the kernel has put its number back into the register for its result (syscall_rollback,
/// arch/x86/include/asm/syscall.h). A stub's call that has answered a number looks the same; so may a signal's cause
/// that the program has made up itself.
DispatchStop dispatch_stop(StoppedThread& stopped, const siginfo_t& info, const CallSpace& calls) {
  const auto* registers = stopped.registers();
  if (registers == nullptr || arch::requested_call(*registers) != arch::system_call(*registers).nr)
    return DispatchStop::none;
  const std::uint64_t behind = arch::program_counter(*registers);
  if (const auto position = calls.stubs().memory().position_of(behind); position && !position->leaves)
    return DispatchStop::none;
  if (info.si_code == ptrace::kDispatchedCall) return DispatchStop::call;
  const bool caught = arch::requested_call(*registers) >= 0 && was_made_at(stopped, calls, site_before(behind));
  return caught && info.si_code != kFilteredCall ? DispatchStop::signal : DispatchStop::none;
}

bool is_by_syscall(StoppedThread& stopped, const siginfo_t& info) {
  if (info.si_code != ptrace::kDispatchedCall) return false;
  return arch::abi_of(info.si_arch, static_cast<std::uint64_t>(info.si_syscall)) == Abi::x86_64 &&
         arch::requested_call(*stopped.registers()) == info.si_syscall;
}

Resume::How make_dispatched_call(StoppedThread& stopped, const DispatchedCall& dispatched, CallSpace& calls,
                                 CodeFiles& files, SignalCalls& signals) {
  const arch::Registers registers = *stopped.registers();
  const bool by_jump = calls.stubs().memory().position_of(arch::program_counter(registers)).has_value();
  const auto call = call_for_stub(stopped, calls, dispatched);
  std::optional<std::uint32_t> place;
  if (call) place = calls.stub_for(stopped, *call);
  if (place) {
    // What it changes has to be seen each time.
    if (SignalCalls::may_change(call->nr, arch::system_call(registers))) {
      signals.expect(stopped, arch::system_call(registers));
    } else {
      calls.on_stop(stopped, *place, by_jump, files);
    }
    const bool records = calls.stubs().kind_of(call->nr) == CallStub::records;
    const std::size_t from = records ? arch::call_stub_entry() : arch::call_stub_call();
    stopped.set_registers(arch::moved_to(registers, calls.stubs().memory().stub(*place) + from));
    return Resume::How::run;
  }
  end_dispatch(stopped);
  stopped.set_registers(arch::moved_to(registers, site_before(arch::program_counter(registers))));
  return Resume::How::call;
}

}  // namespace vdsotrace
