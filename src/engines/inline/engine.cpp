#include "engines/inline/engine.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace vdsotrace {
namespace {

/// What breakpoints are to do beside those stubs, in one vDSO: the services that are not covered, with copies behind
/// the trampolines.
BreakpointEngine::Share beside(const StubEngine& stubs) {
  const auto covers = [&stubs](const VdsoImage& image, const VdsoService& service) {
    const StubPlan* plan = stubs.planned(image);
    return plan == nullptr ||
           std::ranges::find(plan->functions, &service, &StubbedFunction::service) == plan->functions.end();
  };
  const auto unused_from = [&stubs](const VdsoImage& image) {
    const StubPlan* plan = stubs.planned(image);
    return plan == nullptr ? image.unused_from()
                           : plan->trampolines_at + static_cast<std::uint32_t>(plan->trampolines.size());
  };
  return {covers, unused_from};
}

}  // namespace

// ---- the choice ----

InlineEngine::Breakpoints::Breakpoints(const Needs& needs, EventSink& sink, const StubEngine& stubs)
    : stubs_(stubs),
      reporter_(sink),
      for_refused_functions_(needs, sink, beside(stubs)),
      for_stubless_processes_(needs, sink),
      calls_are_dispatched_(needs.inline_calls) {}

BreakpointEngine& InlineEngine::Breakpoints::of(const Thread& thread) {
  return stubs_.find(thread.space.get()) != nullptr ? for_refused_functions_ : for_stubless_processes_;
}

void InlineEngine::Breakpoints::install_for_refused(AddressSpace& space, StoppedThread& stopped) {
  install(for_refused_functions_, "its calls of vDSO functions that have no stub", space, stopped);
}

void InlineEngine::Breakpoints::install_for_all(AddressSpace& space, StoppedThread& stopped) {
  install(for_stubless_processes_, "its vDSO calls", space, stopped);
}

/// None in a process that lives on when we are killed: it would die of the first that it meets.
void InlineEngine::Breakpoints::install(BreakpointEngine& engine, std::string_view what, AddressSpace& space,
                                        StoppedThread& stopped) {
  const bool changes = space.vdso().image() != nullptr && engine.changes(*space.vdso().image());
  if (changes && stopped.thread().on_tracer_death == ptrace::OnTracerDeath::leave) {
    if (std::exchange(warned_unseen_, true)) return;
    reporter_.report(stopped.thread(),
                     Notice{fmt::format("{} program that runs already: only those of {} that enter the kernel are "
                                        "reported (--engine=breakpoint shows all, but if vdsotrace is killed by "
                                        "SIGKILL, the program dies)",
                                        name_of(space.abi()), what),
                            Missing::user_space_calls});
    return;
  }
  if (changes && !calls_are_dispatched_) space.stop_at_every_syscall();
  engine.install(space, stopped, {});
}

InlineEngine::InlineEngine(const Needs& needs, EventSink& sink, bool attached)
    : InlineEngine(needs, sink, attached, std::make_unique<StubEngine>(needs, sink, attached)) {}

InlineEngine::InlineEngine(const Needs& needs, EventSink& sink, bool attached, std::unique_ptr<StubEngine> stubs)
    : EngineDecorator(std::move(stubs)),
      stubs_(static_cast<StubEngine&>(*inner_)),
      breakpoints_(needs, sink, stubs_),
      misses_fallbacks_(attached && needs.direct_calls == DirectCallsBy::nothing &&
                        needs.selection.wants_route(Route::fallback)) {}

/// Whether each function of the space that is to be observed has a stub.
bool InlineEngine::covers(const AddressSpace& space) const {
  const StubSpace* stubs = stubs_.find(&space);
  return stubs != nullptr && stubs->installed().plan->refused.empty();
}

void InlineEngine::install(AddressSpace& space, StoppedThread& stopped, std::span<StoppedThread* const> others) {
  if (space.vdso().image() == nullptr) return;
  stubs_.install(space, stopped, others);
  if (stubs_.find(&space) == nullptr) {
    breakpoints_.install_for_all(space, stopped);
  } else if (!covers(space)) {
    breakpoints_.install_for_refused(space, stopped);
  }
  if (misses_fallbacks_) show_fallbacks_by_stops(space);
}

void InlineEngine::show_fallbacks_by_stops(AddressSpace& space) {
  if (space.vdso().image() != nullptr && !covers(space)) space.stop_at_every_syscall();
}

/// A child that got no memory of its own has lost its stubs.
void InlineEngine::on_first_stop(StoppedThread& stopped) {
  AddressSpace& space = *stopped.thread().space;
  const bool had_stubs = stubs_.find(&space) != nullptr;
  stubs_.on_first_stop(stopped);
  if (had_stubs && stubs_.find(&space) == nullptr) breakpoints_.install_for_all(space, stopped);
}

bool InlineEngine::raises_traps(const AddressSpace& space) const {
  return stubs_.find(&space) == nullptr ? space.vdso().is_patched() : !covers(space);
}

/// The stubs' removal takes out all patches of the space.
bool InlineEngine::remove(AddressSpace& space, StoppedThread& stopped) {
  return stubs_.find(&space) != nullptr ? stubs_.remove(space, stopped) : space.vdso().undo(stopped.tid());
}

// ---- both ----

bool InlineEngine::vacate_for_detach(StoppedThread& stopped, bool may_wait) {
  breakpoints_.of(stopped.thread()).move_out_of_engine_code(stopped);
  return stubs_.vacate_for_detach(stopped, may_wait);
}

std::optional<Resume> InlineEngine::on_trap(StoppedThread& stopped) {
  if (const auto how = stubs_.on_trap(stopped)) return how;
  return breakpoints_.of(stopped.thread()).on_trap(stopped);
}

void InlineEngine::move_out_of_engine_code(StoppedThread& stopped) {
  breakpoints_.of(stopped.thread()).move_out_of_engine_code(stopped);
  stubs_.move_out_of_engine_code(stopped);
}

void InlineEngine::on_end(Thread& thread) {
  breakpoints_.of(thread).on_end(thread);
  stubs_.on_end(thread);
}

bool InlineEngine::on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) {
  return stubs_.on_call_entry(thread, fallback, stack_pointer) ||
         breakpoints_.of(thread).on_call_entry(thread, fallback, stack_pointer);
}

void InlineEngine::on_fallback_exit(Thread& thread, Call&& call) {
  const StubSpace* stubs = stubs_.find(thread.space.get());
  if (stubs != nullptr && stubs->installed().covers(call.symbol)) {
    stubs_.on_fallback_exit(thread, std::move(call));
  } else {
    breakpoints_.of(thread).on_fallback_exit(thread, std::move(call));
  }
}

const Call* InlineEngine::call_in_progress(StoppedThread& stopped) {
  if (const Call* call = stubs_.call_in_progress(stopped)) return call;
  return breakpoints_.of(stopped.thread()).call_in_progress(stopped);
}

void InlineEngine::on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) {
  breakpoints_.of(thread).on_handler(thread, stack_pointer, alternate_stack);
  stubs_.on_handler(thread, stack_pointer, alternate_stack);
}

void InlineEngine::on_handler_return(Thread& thread, std::uint64_t stack_pointer) {
  breakpoints_.of(thread).on_handler_return(thread, stack_pointer);
  stubs_.on_handler_return(thread, stack_pointer);
}

}  // namespace vdsotrace
