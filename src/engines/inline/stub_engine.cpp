#include "engines/inline/stub_engine.hpp"

#include <fmt/core.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <algorithm>
#include <utility>

#include "arch/return_stub.hpp"
#include "engines/inline/space/stub_exit.hpp"
#include "engines/wanted_functions.hpp"

namespace vdsotrace {
namespace {

/// Whether it sleeps in a call that strict seccomp forbids.
bool sleeps_as_no_strict_one(StoppedThread& stopped) {
  constexpr std::int64_t kAllowed[] = {SYS_read, SYS_write, SYS_exit, SYS_rt_sigreturn};
  const auto* registers = stopped.registers();
  if (registers == nullptr || !arch::restarts_call(*registers)) return false;
  const auto call = arch::system_call(*registers);
  return call.abi == Abi::x86_64 && std::ranges::find(kAllowed, call.nr) == std::end(kAllowed);
}

/// Whether the thread is under strict seccomp: it may make none of the calls that it would have to make for us, nor
/// read the counter. Killed meanwhile, we would leave it to die. All threads wait while /proc is asked for one, so that
/// is asked last.
bool is_strict(StoppedThread& stopped) {
  if (sleeps_as_no_strict_one(stopped)) return false;
  return stopped.seccomp_mode().value_or(SECCOMP_MODE_STRICT) == SECCOMP_MODE_STRICT;
}

/// What may be the reason why it cannot make calls for us, where that is one.
std::string_view restriction(StoppedThread& stopped) {
  return under_other_filters(stopped) ? " (it is under seccomp; --engine=perf asks nothing of it)" : "";
}

}  // namespace

StubEngine::StubEngine(const Needs& needs, EventSink& sink, bool attached)
    : StubWitness(spaces_, settings_, kName),
      StubRecordSource(spaces_, settings_, records_),
      settings_(needs, attached),
      reporter_(sink),
      installer_(settings_, sink),
      records_(settings_, sink, kName) {}

/// Stubs need next to nothing of the session's stops; followed signals are for the calls that handlers interrupt.
EngineStops StubEngine::stops() const {
  const bool any = any_is_wanted(settings_.needs);
  return {any, any && settings_.depth == StubDepth::values, false};
}

// ---- placing and removing ----

void StubEngine::install(AddressSpace& space, StoppedThread& stopped, std::span<StoppedThread* const> others) {
  if (space.vdso().image() == nullptr || space.abi() != Abi::x86_64) return;
  const auto strict = [](StoppedThread* one) { return is_strict(*one); };
  if (settings_.attached && (is_strict(stopped) || std::ranges::any_of(others, strict))) return;
  if (settings_.attached) unmap_leftovers(stopped, others);
  auto installed = installer_.install(space, stopped, others);
  if (installed && *installed != nullptr) {
    StubSpace& stubs = spaces_.set(space, std::move(*installed));
    stubs.expect_threads(others.size());
    stubs.bind_thread(stopped);
  } else if (!installed && !std::exchange(warned_why_, true)) {
    reporter_.report(stopped.thread(),
                     Notice{fmt::format("no stubs: {}{}", installed.error().message, restriction(stopped))});
  }
}

/// Jumps and trampolines have moved along.
void StubEngine::on_vdso_moved(AddressSpace& space, StoppedThread&) {
  if (const StubSpace* stubs = find(&space)) installer_.note_engine_memory(space, stubs->installed());
}

/// mlockall(2) has locked what is ours as well.
void StubEngine::on_memory_locked(StoppedThread& stopped) {
  const StubSpace* stubs = spaces_.of(stopped.thread());
  if (stubs == nullptr || stubs->region() == nullptr) return;
  RemoteCalls calls(stopped);
  unlock_stub_region(calls, stubs->installed().area, stubs->region()->bytes());
}

void StubEngine::on_seccomp(StoppedThread& stopped) {
  StubSpace* stubs = spaces_.of(stopped.thread());
  if (stubs != nullptr && stubs->region() != nullptr) stubs->region()->waits().forbid_sleep();
}

/// No return address leads into a stub: a thread that is out of it is out for good.
bool StubEngine::vacate_for_detach(StoppedThread& stopped, bool may_wait) {
  StubSpace* stubs = spaces_.of(stopped.thread());
  if (stubs == nullptr || stubs->region() == nullptr) return true;
  records_.report_before_stop(*stubs, stopped.tid());
  stubs->installed().move_back_frames(stopped);
  if (leave_stub_for_good(stopped, stubs->installed(), *stubs->region())) return true;
  if (may_wait) return false;
  stubs->members().keep_mapped();
  return true;
}

bool StubEngine::remove(AddressSpace& space, StoppedThread& stopped) {
  StubSpace* stubs = find(&space);
  if (stubs == nullptr) return true;
  find_moved_vdso(space, stopped.tid());
  if (!space.vdso().undo(stopped.tid())) return false;
  records_.finish(*stubs);
  installer_.unmap(*stubs, space, stopped);
  spaces_.erase(space);
  return true;
}

// ---- stops ----

void StubEngine::on_stop(Thread& thread) {
  if (settings_.depth == StubDepth::count) return;
  StubSpace* stubs = spaces_.of(thread);
  if (stubs == nullptr) return;
  records_.report_before_stop(*stubs, thread.tid);
  stubs->threads().end_vforks(thread.tid);
}

/// Where reading the counter is forbidden (PR_SET_TSC, strict seccomp) stubs must not show it.
std::optional<Resume> StubEngine::on_trap(StoppedThread& stopped) {
  const StubSpace* stubs = spaces_.of(stopped.thread());
  const auto* registers = stopped.registers();
  if (stubs == nullptr || registers == nullptr) return std::nullopt;
  const std::uint64_t counter = arch::program_counter(*registers);
  if (!stubs->installed().in_stub(counter)) return std::nullopt;
  if (stopped.memory().object<std::array<std::byte, 2>>(counter) != arch::kClockRead) return std::nullopt;
  stopped.set_registers(arch::after_clock_read(*registers, TscClock::now()));
  if (settings_.attached) installer_.end_counter_reads(*stubs, stopped);
  return Resume{};
}

/// Programs that unmap all that they do not know (restoring a checkpoint, for one) unmap stubs as well. The thread does
/// the rest of the stub by our own copies of code and region.
bool StubEngine::on_missing_memory(StoppedThread& stopped, std::uint64_t address) {
  AddressSpace& space = *stopped.thread().space;
  StubSpace* stubs = find(&space);
  const auto* registers = stopped.registers();
  if (stubs == nullptr || stubs->region() == nullptr || registers == nullptr) return false;
  find_moved_vdso(space, stopped.tid());
  const InstalledStubs& installed = stubs->installed();
  const std::uint64_t size = installed.area.code_bytes + stubs->mapped_bytes();
  if (address - installed.area.code >= size) return false;
  if (!installed.contain(arch::program_counter(*registers), space.vdso().base())) return false;
  records_.report_before_stop(*stubs, stopped.tid());
  if (!leave_stub(stopped, installed, *stubs->region())) return false;
  if (map_again(*stubs, stopped)) return true;
  // Without jumps nothing leads there any more.
  if (!space.vdso().undo(stopped.tid())) return false;
  if (!std::exchange(warned_unmapped_, true)) {
    constexpr std::string_view kUnmapped = "its vDSO calls are not seen any more: it has unmapped the stubs";
    reporter_.report(stopped.thread(), Notice{std::string(kUnmapped), Missing::user_space_calls});
  }
  return true;
}

bool StubEngine::map_again(StubSpace& stubs, StoppedThread& stopped) {
  const auto missing = installer_.missing_memory(stubs, stopped);
  if (!missing) return false;
  if (missing->code && !installer_.map_code(stubs, stopped)) return false;
  if (!missing->region) return true;
  // What the old one has is reported now.
  records_.finish(stubs);
  if (!installer_.give_own_region(stubs, stopped)) return false;
  stubs.threads().bind_again();
  return true;
}

/// A handler must not run on top of a stub: it would not be known when the stub is no longer needed, and a record that
/// was begun must be completed before the next.
void StubEngine::move_out_of_engine_code(StoppedThread& stopped) {
  StubSpace* stubs = spaces_.of(stopped.thread());
  if (stubs == nullptr || stubs->region() == nullptr) return;
  records_.report_before_stop(*stubs, stopped.tid());
  leave_stub(stopped, stubs->installed(), *stubs->region());
  records_.note_interrupted(*stubs, stopped);
}

// ---- tasks ----

void StubEngine::on_clone(const Thread& parent, const Thread& child) {
  StubSpace* stubs = spaces_.of(parent);
  if (stubs != nullptr && child.space == parent.space) {
    stubs->members().enter();
    // Its next stop is the end of the call in which it waits, or of that wait.
    if (parent.vfork_child == child.tid) stubs->threads().expect_vfork(child.tid, parent.tid);
  } else if (auto copy = installer_.copy_for_fork(*parent.space, stubs, child)) {
    spaces_.set(*child.space, std::move(copy));
  }
}

void StubEngine::on_first_stop(StoppedThread& stopped) {
  AddressSpace& space = *stopped.thread().space;
  StubSpace* stubs = find(&space);
  if (stubs == nullptr) return;
  if (stubs->region() != nullptr || installer_.give_own_region(*stubs, stopped)) {
    stubs->bind_thread(stopped);
    return;
  }
  space.vdso().undo(stopped.tid());
  space.set_engine_memory({});
  spaces_.erase(space);
}

void StubEngine::on_attach_thread(Thread& thread, StoppedThread* stopped) {
  StubSpace* stubs = spaces_.of(thread);
  if (stubs == nullptr) return;
  stubs->members().enter();
  stubs->threads().expect(thread);
  if (stopped != nullptr) stubs->bind_thread(*stopped, RemoteCalls::Others::stopped);
}

/// The ring is given here, not when a record shows the pointer: a thread must not change its ring in the middle of a
/// call.
void StubEngine::on_thread_pointer(StoppedThread& stopped) {
  StubSpace* stubs = spaces_.of(stopped.thread());
  if (stubs == nullptr || stubs->region() == nullptr) return;
  records_.report_before_stop(*stubs, stopped.tid());
  // Its libraries are mapped now. It may end before they are needed.
  if (settings_.keeps_stack) stopped.thread().space->symbols().follow(stopped.tid());
  stubs->threads().remove(stopped.tid(), false);
  stubs->bind_thread(stopped);
}

void StubEngine::on_end(Thread& thread) {
  StubSpace* stubs = spaces_.of(thread);
  if (stubs == nullptr) return;
  stubs->threads().end_writing(thread.tid);
  records_.report_before_end(*stubs, stubs->members().is_last());
  records_.open_calls().report_unreturned(*stubs, thread.tid);
  if (stubs->region() != nullptr) stubs->records().unreturned().end(thread);
  stubs->threads().remove(thread.tid, true);
  if (stubs->members().leave()) return;
  records_.finish(*stubs);
  spaces_.erase(*thread.space);
}

}  // namespace vdsotrace
