#include "engines/breakpoint/engine.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <span>

#include "engines/wanted_functions.hpp"
#include "model/syscalls/begin_call.hpp"
#include "model/syscalls/render.hpp"
#include "trace/calls/callers.hpp"
#include "trace/calls/inject.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

/// No copy is longer.
constexpr int kMostSteps = 16;

void set_result(Call& call, const arch::Registers& registers) {
  const VdsoService* service = service_of_syscall(call.name);
  call.ending = Ending::returned;
  const bool wide = call.abi != Abi::i386 && service != nullptr && service->returns_long;
  call.result = wide ? arch::return_value(registers) : arch::int_return_value(registers);
  call.error = error_of(call.result);
}

/// At the first instruction of that service's function.
std::array<std::uint64_t, 6> arguments_of(StoppedThread& stopped, const VdsoService& service) {
  const arch::Registers& registers = *stopped.registers();
  if (stopped.thread().space->abi() != Abi::i386) return arch::function_arguments(registers);
  std::array<std::uint32_t, 6> words{};
  stopped.memory().read(arch::stack_pointer(registers) + arch::kStackArguments,
                        std::as_writable_bytes(std::span(words).first(service.arguments)));
  std::array<std::uint64_t, 6> args{};
  std::ranges::copy(words, args.begin());
  return args;
}

}  // namespace

EngineStops BreakpointEngine::stops() const {
  const bool any = any_is_wanted(needs_);
  return {any, any, any, any};
}

const ProbePlan& BreakpointEngine::plan_for(const VdsoImage& image) {
  return plans_.get(image, [&] {
    const auto abi = abi_of(image.machine());
    const auto wanted = [&](const VdsoService& service) {
      return abi && is_wanted(service, *abi, needs_) && (!share_.covers || share_.covers(image, service));
    };
    const std::uint32_t unused = share_.unused_from ? share_.unused_from(image) : image.unused_from();
    return plan_probes(image, wanted, needs_exits(), unused);
  });
}

void BreakpointEngine::install(AddressSpace& space, StoppedThread& stopped, std::span<StoppedThread* const>) {
  if (space.vdso().image() == nullptr) return;
  const ProbePlan& plan = plan_for(*space.vdso().image());
  for (const PlannedPatch& patch : plan.patches) {
    if (space.vdso().patch(stopped.tid(), patch.offset, patch.bytes)) continue;
    space.vdso().undo(stopped.tid());
    reporter_.report(stopped.thread(),
                     Notice{"its vDSO cannot be written: vDSO calls are not reported", Missing::user_space_calls});
    return;
  }
  if (plan.unobservable.empty() || !warned_unobservable_.insert(space.vdso().image()).second) return;
  for (const Unobservable& function : plan.unobservable)
    reporter_.report(stopped.thread(), Notice{fmt::format("{} is not observed: {}", function.function, function.why),
                                              Missing::user_space_calls});
}

bool BreakpointEngine::remove(AddressSpace& space, StoppedThread& stopped) { return space.vdso().undo(stopped.tid()); }

std::optional<Resume> BreakpointEngine::on_trap(StoppedThread& stopped) {
  const auto address = stopped.breakpoint_address();
  const AddressSpace& space = *stopped.thread().space;
  if (!address || space.vdso().image() == nullptr || !space.vdso().is_patched()) return std::nullopt;
  const auto offset = space.vdso().offset_of(*address);
  if (!offset) return std::nullopt;
  const ProbePlan& plan = plan_for(*space.vdso().image());
  const auto found = plan.sites.find(*offset);
  if (found == plan.sites.end()) return std::nullopt;
  const ProbeSite& site = found->second;
  const Onward onward = site.kind == ProbeSite::Kind::entry
                            ? on_entry(stopped, site)
                            : Onward{site.copy, on_exit(stopped, arch::stack_pointer(*stopped.registers()))};
  stopped.set_program_counter(space.vdso().base() + onward.offset);
  return onward.how;
}

BreakpointEngine::Onward BreakpointEngine::on_entry(StoppedThread& stopped, const ProbeSite& site) {
  Thread& thread = stopped.thread();
  if (thread.role != Thread::Role::traced) return {site.copy, {}};
  Call call;
  const Abi abi = thread.space->abi();
  begin_service_call(call, abi, number_of(abi, site.service->syscall), *site.service);
  call.route = Route::vdso;
  call.args = arguments_of(stopped, *site.service);
  call.start_ns = realtime_ns();
  call.engine = name();
  const arch::Registers& registers = *stopped.registers();
  Visitor& inside = visitors_[thread.tid];
  if (inside.open.empty()) inside.at_exit.clear();
  if (!inside.open.enter(std::move(call), arch::stack_pointer(registers), left_by(thread))) return {site.copy, {}};
  Call& entered = *inside.open.innermost();
  note_caller_of_function(stopped, needs_, entered, *stopped.breakpoint_address());
  return tamper(stopped, site, inside, entered);
}

/// What -e inject= does to a call that has just been entered. Its values are captured in between.
BreakpointEngine::Onward BreakpointEngine::tamper(StoppedThread& stopped, const ProbeSite& site, Visitor& inside,
                                                  Call& call) {
  Thread& thread = stopped.thread();
  const Injection* injection = due_injection(needs_, thread, call, true);
  if (injection != nullptr) inject_at_entry(stopped, *injection, call, reporter_);
  if (needs_.values) capture_entry(call, stopped.memory(), needs_.limits);
  if (injection == nullptr) return {site.copy, {}};
  const arch::Registers registers = *stopped.registers();
  const std::uint64_t stack_pointer = arch::stack_pointer(registers);
  inside.at_exit[stack_pointer] = injection;
  // In its own stop, as a handler that it runs must not return into a copy.
  if (injection->signal != 0) ptrace::send_signal(thread.tgid, thread.tid, injection->signal);
  const auto way_back = plan_for(*thread.space->vdso().image()).return_copy();
  if (!injection->replaces() || !way_back) return {site.copy, {Resume::How::run, 0, injection->enter_delay_ns}};
  call.tampering.result = true;
  if (injection->error != 0)
    thread.injected.refused = InjectedCalls::Refused{call.nr, stack_pointer + word_size(call.abi), injection};
  stopped.set_registers(arch::with_result(registers, injection->register_value()));
  const Resume how = on_exit(stopped, stack_pointer);
  return {*way_back, {Resume::How::run, 0, injection->enter_delay_ns + how.delay_ns}};
}

Resume BreakpointEngine::on_exit(StoppedThread& stopped, std::uint64_t stack_pointer) {
  const arch::Registers& registers = *stopped.registers();
  Thread& thread = stopped.thread();
  Visitor* inside = visitor(thread);
  auto call = inside != nullptr ? inside->open.leave(stack_pointer, left_by(thread)) : std::nullopt;
  if (!call) return {};
  const auto tampered = inside->at_exit.extract(stack_pointer);
  const Injection* injection = tampered ? tampered.mapped() : nullptr;
  if (injection != nullptr) inject_at_exit(stopped, *injection, *call, reporter_);
  // A fallback is reported with the values of its system call, as strace would.
  if (call->ending != Ending::returned) {
    set_result(*call, registers);
    if (needs_.values) capture_exit(*call, stopped.memory(), needs_.limits);
  }
  reporter_.report(thread, std::move(*call));
  return {Resume::How::run, 0, injection != nullptr ? injection->exit_delay_ns : 0};
}

BreakpointEngine::Visitor* BreakpointEngine::visitor(const Thread& thread) {
  const auto found = visitors_.find(thread.tid);
  return found != visitors_.end() ? &found->second : nullptr;
}

Call* BreakpointEngine::open_call(const Thread& thread) {
  Visitor* inside = visitor(thread);
  return inside != nullptr ? inside->open.innermost() : nullptr;
}

OpenCalls::OnAbandoned BreakpointEngine::left_by(const Thread& thread) {
  return [this, &thread](Call&& call) {
    if (call.ending != Ending::returned) call.ending = Ending::unfinished;
    reporter_.report(thread, std::move(call));
  };
}

void BreakpointEngine::move_out_of_engine_code(StoppedThread& stopped) {
  const AddressSpace& space = *stopped.thread().space;
  if (!space.vdso().is_patched() || space.vdso().image() == nullptr) return;
  const auto* registers = stopped.registers();
  const auto offset = registers != nullptr ? space.vdso().offset_of(arch::program_counter(*registers)) : std::nullopt;
  if (!offset) return;
  const ProbePlan& plan = plan_for(*space.vdso().image());
  const auto origin = plan.origin_of(*offset);
  if (!origin) return;
  // In the middle of what stands for one instruction: to be completed.
  if (!origin->executed && *offset != origin->site->copy) {
    const auto inside = [&](std::uint64_t pc) {
      const auto at = space.vdso().offset_of(pc);
      return at && *at >= origin->site->copy && *at - origin->site->copy < origin->site->copy_size;
    };
    step_out(stopped, inside, kMostSteps);
    return;
  }
  if (origin->site->kind == ProbeSite::Kind::entry && !origin->executed) visitors_[stopped.tid()].open.begin_again();
  stopped.set_program_counter(space.vdso().base() + origin->offset);
}

/// Copies of instructions are never waited in.
bool BreakpointEngine::vacate_for_detach(StoppedThread& stopped, bool) {
  move_out_of_engine_code(stopped);
  return true;
}

bool BreakpointEngine::on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) {
  Visitor* inside = visitor(thread);
  if (inside != nullptr && fallback == nullptr) inside->open.saw_code_outside_vdso(stack_pointer, left_by(thread));
  Call* call = inside != nullptr && fallback != nullptr ? inside->open.innermost() : nullptr;
  if (call == nullptr) return false;
  call->route = Route::fallback;
  return true;
}

void BreakpointEngine::on_fallback_exit(Thread& thread, Call&& call) {
  Call* open = open_call(thread);
  call.engine = name();
  if (open == nullptr) {
    // Entered before we came, or left in the middle: the system call is all we know.
    reporter_.report(thread, std::move(call));
    return;
  }
  // What the function's entry has shown stays true.
  call.start_ns = open->start_ns;
  call.caller = std::move(open->caller);
  call.stack = std::move(open->stack);
  call.steps = std::move(open->steps);
  call.tampering = open->tampering;
  *open = std::move(call);
}

/// One that was jumped out of may still be taken for open: the program counter decides.
const Call* BreakpointEngine::call_in_progress(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  const bool inside = registers != nullptr &&
                      stopped.thread().space->vdso().offset_of(arch::program_counter(*registers)).has_value();
  return inside ? open_call(stopped.thread()) : nullptr;
}

void BreakpointEngine::on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) {
  if (Visitor* inside = visitor(thread)) inside->open.enter_handler(stack_pointer, alternate_stack);
}

void BreakpointEngine::on_handler_return(Thread& thread, std::uint64_t stack_pointer) {
  if (Visitor* inside = visitor(thread)) inside->open.leave_handler(stack_pointer, left_by(thread));
}

void BreakpointEngine::on_end(Thread& thread) {
  if (auto gone = visitors_.extract(thread.tid)) gone.mapped().open.end(left_by(thread));
}

}  // namespace vdsotrace
