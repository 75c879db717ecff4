#include "engines/syscalls/attached_engine.hpp"

#include <fmt/core.h>
#include <sys/syscall.h>

#include <algorithm>

#include "engines/syscalls/call_leftovers.hpp"
#include "engines/syscalls/dispatch.hpp"
#include "model/seccomp_answer.hpp"
#include "model/syscalls/spec.hpp"
#include "os/ptrace.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

AttachedCalls* attached_calls_of(const AddressSpace& space) { return static_cast<AttachedCalls*>(space.call_record()); }

/// Whether a filter of the thread's own may see that stubs make its calls elsewhere.
bool judges_places(const StoppedThread& stopped) {
  if (!under_other_filters(stopped.thread())) return false;
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

}  // namespace

AttachedCallEngine::AttachedCallEngine(std::unique_ptr<ProbeEngine> vdso_calls, EventSink& sink)
    : EngineDecorator(std::move(vdso_calls)), sink_(sink), reporter_(sink) {}

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

void AttachedCallEngine::install(AddressSpace& space, StoppedThread& stopped, std::span<StoppedThread* const> others) {
  const Thread& thread = stopped.thread();
  const bool is_attached = prepared_.contains(thread.tgid);
  if (!is_attached) entered_.stop(thread.tgid);
  inner_->install(space, stopped, others);
  const auto begun = is_attached ? begin(space, stopped) : fail("it has executed a program since");
  if (begun) return;
  space.stop_at_every_syscall();
  reporter_.report(thread, Notice{fmt::format("its system calls are counted by stops: {}", begun.error().message)});
}

Result<void> AttachedCallEngine::begin(AddressSpace& space, StoppedThread& stopped) {
  const auto prepared = prepared_.extract(stopped.thread().tgid);
  const auto& [sites, has_leftovers] = prepared.mapped();
  if (has_leftovers) undo_call_leftovers(stopped.tid(), sites);
  unmap_call_leftovers(stopped);
  if (auto checked = check_suitable(space, stopped); !checked) return checked;
  auto calls = AttachedCalls::begin(stopped, sites);
  if (!calls) return tl::unexpected(calls.error());
  counters_.push_back((*calls)->counters());
  space.set_call_record(std::move(*calls));
  watch(stopped.thread());
  return {};
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
  AttachedCalls* calls = attached_calls_of(*parent.space);
  if (calls == nullptr) return;
  const auto registers = ptrace::registers(parent.tid);
  const std::int64_t nr = registers ? arch::system_call(*registers).nr : -1;
  if (spec_of(Abi::x86_64, nr) != nullptr) sink_.accept(counts_of(parent.tgid, nr, std::nullopt, {1, 0}));
  if (child.space == parent.space) return;
  child.space->set_call_record(calls->copy_for_fork());
}

void AttachedCallEngine::on_first_stop(StoppedThread& stopped) {
  inner_->on_first_stop(stopped);
  // Threads inherit the event of their creator.
  const Thread& thread = stopped.thread();
  if (thread.tid == thread.tgid && thread.role == Thread::Role::traced) watch(thread);
}

bool AttachedCallEngine::vacate_for_detach(StoppedThread& stopped, bool may_wait) {
  if (!inner_->vacate_for_detach(stopped, may_wait)) return false;
  if (AttachedCalls* calls = attached_calls_of(*stopped.thread().space)) {
    if (is_in_call(stopped)) ++unfinished_;
    calls->leave(stopped, false);
    calls->note_outside(stopped.tid());
  }
  return true;
}

/// The memory stays where a thread that cannot stop may come back to it.
bool AttachedCallEngine::remove(AddressSpace& space, StoppedThread& stopped) {
  if (AttachedCalls* calls = attached_calls_of(space)) {
    entered_.stop(stopped.thread().tgid);
    calls->leave(stopped, false);
    const auto outside = static_cast<long>(calls->note_outside(stopped.tid()));
    if (!calls->undo(stopped.tid())) return false;
    if (outside >= stopped.thread().space.use_count()) calls->unmap(stopped);
    space.set_call_record(nullptr);
  }
  return inner_->remove(space, stopped);
}

// ---- stops ----

/// The program has unmapped or protected what it does not know.
bool AttachedCallEngine::on_missing_memory(StoppedThread& stopped, std::uint64_t address) {
  AttachedCalls* calls = attached_calls_of(*stopped.thread().space);
  const auto* registers = stopped.registers();
  const bool is_ours = calls != nullptr && registers != nullptr && address == arch::program_counter(*registers) &&
                       calls->leave(stopped, false);
  if (!is_ours) return inner_->on_missing_memory(stopped, address);
  calls->undo(stopped.tid());
  return true;
}

void AttachedCallEngine::on_interrupted(StoppedThread& stopped) {
  if (AttachedCalls* calls = attached_calls_of(*stopped.thread().space)) calls->leave(stopped, true);
  inner_->on_interrupted(stopped);
}

void AttachedCallEngine::move_out_of_engine_code(StoppedThread& stopped) {
  if (AttachedCalls* calls = attached_calls_of(*stopped.thread().space)) calls->leave(stopped, false);
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

/// Calls are counted when they have come back, by the kernel when they begin: some have not come back.
void AttachedCallEngine::finish() {
  inner_->finish();
  if (counters_.empty()) return;
  std::uint64_t entered = 0, seen = unfinished_;
  for (const auto& [tgid, counted] : entered_.counted()) {
    if (counted.handler_returns != 0)
      sink_.accept(counts_of(tgid, SYS_rt_sigreturn, std::nullopt, {counted.handler_returns, 0}));
    entered += counted.calls;
  }
  for (const auto& counters : counters_) seen += counters->taken() + counters->own_calls();
  report_completeness(entered, seen);
}

void AttachedCallEngine::report_completeness(std::uint64_t entered, std::uint64_t seen) {
  Notice notice;
  if (!entered_.refusal().empty()) {
    notice = {fmt::format("how many system calls were not counted is not known: {}", entered_.refusal()),
              Missing::system_calls};
  } else if (seen < entered) {
    notice = {fmt::format("at most {} of {} system calls were not counted", entered - seen, entered),
              Missing::system_calls};
  } else {
    notice = {"no system call was missed"};
  }
  sink_.accept({0, realtime_ns(), 0, 0, std::move(notice)});
}

}  // namespace vdsotrace
