#include "engines/syscalls/attached/attached_engine.hpp"

#include <fmt/core.h>
#include <sys/syscall.h>

#include <algorithm>

#include "arch/constants.hpp"
#include "engines/inline/code/stub_leftovers.hpp"
#include "engines/syscalls/attached/call_leftovers.hpp"
#include "engines/syscalls/attached/uncounted_calls.hpp"
#include "model/seccomp_answer.hpp"
#include "model/syscalls/begin_call.hpp"
#include "os/machine/tsc_clock.hpp"
#include "os/memory/remote_memory.hpp"
#include "os/perf/perf_events.hpp"
#include "os/tracing/ptrace.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

AttachedCalls* attached_calls_of(const AddressSpace& space) { return static_cast<AttachedCalls*>(space.call_record()); }

/// Whether a filter of the thread's own may see that stubs make its calls elsewhere.
bool judges_places(StoppedThread& stopped) {
  if (!under_other_filters(stopped)) return false;
  const auto filters = ptrace::seccomp_filters(stopped.tid());
  return !filters || std::ranges::any_of(*filters, looks_at_instruction);
}

Result<void> check_suitable(const AddressSpace& space, StoppedThread& stopped) {
  if (space.abi() != Abi::x86_64) return fail(fmt::format("it is a {} program", name_of(space.abi())));
  const auto dispatch = ptrace::syscall_dispatch(stopped.tid());
  if (dispatch && dispatch->on) return fail("it dispatches system calls itself");
  if (judges_places(stopped)) return fail("its seccomp filters may judge from where calls are made");
  return {};
}

/// Whether the thread was in a call when it was stopped, and will make it once more.
bool is_in_call(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  return registers != nullptr && arch::restarts_call(*registers);
}

/// It was in a stub, and is not any more.
bool is_out(AttachedCalls::Left left) {
  return left == AttachedCalls::Left::outside || left == AttachedCalls::Left::unmade;
}

}  // namespace

AttachedCallEngine::AttachedCallEngine(std::unique_ptr<ProbeEngine> vdso_calls, const Needs& needs, EventSink& sink)
    : EngineDecorator(std::move(vdso_calls)),
      sink_(sink),
      records_(needs.each_call ? std::optional<AttachedRecords>(needs) : std::nullopt),
      reporter_(sink),
      entered_(records_ ? records_->entries() : all_system_calls_but(numbers_known_otherwise())) {}

// ---- processes ----

void AttachedCallEngine::prepare_attach(pid_t pid) {
  inner_->prepare_attach(pid);
  entered_.prepare(pid);
  Prepared& prepared = prepared_[pid];
  prepared.sites = files_.sites_of(pid);
  prepared.has_leftovers = has_call_leftovers(pid, prepared.sites);
}

/// At an attach the space is not known yet: install() unmaps leftovers then.
bool AttachedCallEngine::undo_leftovers(StoppedThread& stopped) {
  if (!prepared_.contains(stopped.thread().tgid)) unmap_call_leftovers(stopped);
  return inner_->undo_leftovers(stopped);
}

/// What another vdsotrace has left goes first: it may need rings of that one's.
void AttachedCallEngine::install(AddressSpace& space, StoppedThread& stopped, std::span<StoppedThread* const> others) {
  const Thread& thread = stopped.thread();
  const auto prepared = prepared_.extract(thread.tgid);
  if (prepared) {
    if (prepared.mapped().has_leftovers) undo_call_leftovers(stopped.tid(), prepared.mapped().sites);
    unmap_call_leftovers(stopped);
  } else {
    entered_.stop(thread.tgid);
  }
  inner_->install(space, stopped, others);
  const auto begun = prepared ? begin(space, stopped, prepared.mapped().sites)
                              : fail("it has executed a program since");
  if (!begun) refuse(space, thread, begun.error().message);
}

Result<void> AttachedCallEngine::begin(AddressSpace& space, StoppedThread& stopped,
                                       std::span<const NumberedSite> sites) {
  if (auto checked = check_suitable(space, stopped); !checked) return checked;
  auto calls = begin_calls(stopped, sites);
  if (!calls) return tl::unexpected(calls.error());
  space.set_call_record(std::move(*calls));
  watch(stopped.thread());
  return {};
}

Result<std::shared_ptr<AttachedCalls>> AttachedCallEngine::begin_calls(StoppedThread& stopped,
                                                                       std::span<const NumberedSite> sites) {
  if (records_) {
    auto recording = RecordingCalls::begin(stopped, sites, *records_, *inner_);
    if (!recording) return tl::unexpected(recording.error());
    own_calls_.push_back((*recording)->own_calls());
    return *recording;
  }
  auto counting = CountingCalls::begin(stopped, sites);
  if (!counting) return tl::unexpected(counting.error());
  counters_.push_back((*counting)->counters());
  return *counting;
}

void AttachedCallEngine::refuse(AddressSpace& space, const Thread& thread, std::string_view why) {
  space.stop_at_every_syscall();
  const std::string_view how = records_ ? "seen" : "counted";
  reporter_.report(thread, Notice{fmt::format("its system calls are {} by stops: {}", how, why)});
}

void AttachedCallEngine::watch(const Thread& thread) {
  if (attached_calls_of(*thread.space) != nullptr) entered_.watch(thread.tgid, thread.tid);
}

void AttachedCallEngine::on_attach_thread(Thread& thread, StoppedThread* stopped) {
  inner_->on_attach_thread(thread, stopped);
  // The process may share the memory of another one, for which this has been done.
  prepared_.erase(thread.tgid);
  watch(thread);
}

/// The call that makes a thread is not counted by a stub; only the registers of the creator, which is in that call, say
/// which it is.
void AttachedCallEngine::on_clone(const Thread& parent, const Thread& child) {
  inner_->on_clone(parent, child);
  const AttachedCalls* calls = attached_calls_of(*parent.space);
  if (calls == nullptr) return;
  if (const auto registers = ptrace::registers(parent.tid)) report_birth(parent, child.tid, *registers);
  if (child.space != parent.space) child.space->set_call_record(calls->copy_for_fork());
}

void AttachedCallEngine::report_birth(const Thread& parent, pid_t child, const arch::Registers& registers) {
  const arch::SystemCallRegisters made = arch::system_call(registers);
  if (spec_of(Abi::x86_64, made.nr) == nullptr) return;
  if (!records_) {
    sink_.accept(counts_of(parent.tgid, made.nr, std::nullopt, {1, 0}));
    return;
  }
  Call call;
  begin_system_call(call, Abi::x86_64, made.nr);
  call.args = made.args;
  call.ending = Ending::returned;
  call.result = child;
  call.start_ns = realtime_ns();
  call.engine = name();
  call.stack_pointer = arch::stack_pointer(registers);
  call.instruction_pointer = attached_calls_of(*parent.space)->own_place(arch::program_counter(registers));
  if (records_->keeps_stacks()) {
    RemoteMemory memory(parent.tid);
    const auto there = arch::moved_to(registers, call.instruction_pointer);
    call.stack = parent.space->symbols().stack(parent.tid, memory,
                                               {true, call.instruction_pointer, arch::dwarf_registers(there)});
  }
  reporter_.report(parent, std::move(call));
}

/// A child may have got no rings of its own: then nothing may lead to the stubs, which would look for some.
void AttachedCallEngine::on_first_stop(StoppedThread& stopped) {
  inner_->on_first_stop(stopped);
  const Thread& thread = stopped.thread();
  AttachedCalls* calls = attached_calls_of(*thread.space);
  if (calls != nullptr && records_ && inner_->ring_index(*thread.space) == 0) {
    calls->undo(stopped.tid());
    refuse(*thread.space, thread, "nothing can be recorded in it");
  }
  // Threads inherit the event of their creator.
  if (thread.tid == thread.tgid && thread.role == Thread::Role::traced) watch(thread);
}

/// What it has recorded in doing so comes before what it has stopped for.
AttachedCalls::Left AttachedCallEngine::leave(StoppedThread& stopped, AttachedCalls& calls, bool restarts_count) {
  const auto left = calls.leave(stopped, restarts_count);
  if (left == AttachedCalls::Left::unmade) inner_->on_call_abandoned(stopped.thread());
  if (records_ && left != AttachedCalls::Left::elsewhere) inner_->on_stop(stopped.thread());
  return left;
}

bool AttachedCallEngine::vacate_for_detach(StoppedThread& stopped, bool may_wait) {
  if (!inner_->vacate_for_detach(stopped, may_wait)) return false;
  if (AttachedCalls* calls = attached_calls_of(*stopped.thread().space)) {
    if (is_in_call(stopped)) ++unfinished_;
    leave(stopped, *calls, false);
  }
  return true;
}

/// Where a thread that cannot stop may come back to it, its memory stays, and what it writes into.
bool AttachedCallEngine::remove(AddressSpace& space, StoppedThread& stopped) {
  if (AttachedCalls* calls = attached_calls_of(space)) {
    entered_.stop(stopped.thread().tgid);
    leave(stopped, *calls, false);
    if (!calls->undo(stopped.tid())) return false;
    if (all_are_outside(stopped, calls->code())) {
      calls->unmap(stopped);
    } else {
      inner_->keep_rings(space);
    }
    space.set_call_record(nullptr);
  }
  return inner_->remove(space, stopped);
}

// ---- stops ----

/// Where reading the counter is forbidden (PR_SET_TSC) stubs must not show it.
std::optional<Resume> AttachedCallEngine::on_trap(StoppedThread& stopped) {
  const AttachedCalls* calls = attached_calls_of(*stopped.thread().space);
  const auto* registers = stopped.registers();
  const bool is_ours = records_ && calls != nullptr && registers != nullptr &&
                       static_cast<const RecordingCalls*>(calls)->reads_clock(arch::program_counter(*registers));
  if (!is_ours) return inner_->on_trap(stopped);
  stopped.set_registers(arch::after_clock_read(*registers, TscClock::now()));
  return Resume{};
}

/// What a pointer refers to was there for the call, and is not any more.
bool AttachedCallEngine::on_fault(StoppedThread& stopped, int signal) {
  const AttachedCalls* calls = attached_calls_of(*stopped.thread().space);
  const auto* registers = stopped.registers();
  const bool may_be_ours = records_ && calls != nullptr && registers != nullptr;
  const auto behind = may_be_ours ? static_cast<const RecordingCalls*>(calls)->without_copy(*registers) : std::nullopt;
  if (!behind || !stopped.set_registers(*behind)) return inner_->on_fault(stopped, signal);
  repair_signal_state(stopped, signal);
  return true;
}

/// The program has unmapped or protected what it does not know: the code, or the rings that this needs.
bool AttachedCallEngine::on_missing_memory(StoppedThread& stopped, std::uint64_t address) {
  AttachedCalls* calls = attached_calls_of(*stopped.thread().space);
  const auto* registers = stopped.registers();
  const std::uint64_t counter = registers != nullptr ? arch::program_counter(*registers) : 0;
  const bool may_be_ours = calls != nullptr && (address == counter || (records_ && calls->contains(counter)));
  if (!may_be_ours || !is_out(leave(stopped, *calls, false))) return inner_->on_missing_memory(stopped, address);
  calls->undo(stopped.tid());
  return true;
}

void AttachedCallEngine::on_interrupted(StoppedThread& stopped) {
  if (AttachedCalls* calls = attached_calls_of(*stopped.thread().space)) leave(stopped, *calls, true);
  inner_->on_interrupted(stopped);
}

void AttachedCallEngine::move_out_of_engine_code(StoppedThread& stopped) {
  if (AttachedCalls* calls = attached_calls_of(*stopped.thread().space)) leave(stopped, *calls, false);
  inner_->move_out_of_engine_code(stopped);
}

// ---- counts ----

Drained AttachedCallEngine::drain() {
  for (const auto& counters : counters_) {
    for (const NumberCounters::Total& total : counters->take_new())
      sink_.accept(counts_of(counters->tgid(), total.nr, std::nullopt, total.counted));
  }
  return inner_->drain();
}

/// Calls are seen when they have come back, by the kernel when they begin: some have not come back.
void AttachedCallEngine::finish() {
  inner_->finish();
  if (counters_.empty() && own_calls_.empty()) return;
  std::uint64_t entered = 0;
  for (const auto& [tgid, counted] : entered_.counted()) {
    if (!records_ && counted.handler_returns != 0)
      sink_.accept(counts_of(tgid, SYS_rt_sigreturn, std::nullopt, {counted.handler_returns, 0}));
    if (records_ && records_->wants_handler_returns()) entered += counted.handler_returns;
    entered += counted.calls;
  }
  report_completeness(entered, seen());
}

/// Among the calls that are seen may be those that we have threads make.
std::uint64_t AttachedCallEngine::seen() const {
  std::uint64_t seen = unfinished_;
  for (const auto& counters : counters_) seen += counters->taken() + counters->own_calls();
  if (!records_) return seen;
  for (const auto& own : own_calls_) seen += records_->wants_all() ? *own : 0;
  return seen + inner_->system_calls_taken();
}

void AttachedCallEngine::report_completeness(std::uint64_t entered, std::uint64_t seen) {
  const std::string_view how = records_ ? "seen" : "counted";
  Notice notice;
  if (!entered_.refusal().empty()) {
    notice = {fmt::format("how many system calls were not {} is not known: {}", how, entered_.refusal()),
              Missing::system_calls};
  } else if (seen < entered) {
    notice = {fmt::format("at most {} of {} system calls were not {}", entered - seen, entered, how),
              Missing::system_calls};
  } else {
    notice = {"no system call was missed"};
  }
  sink_.accept({0, realtime_ns(), 0, 0, std::move(notice)});
}

}  // namespace vdsotrace
