#include "engines/breakpoint/step.hpp"

#include <algorithm>

#include "model/code/disassembly.hpp"

namespace vdsotrace {
namespace {

/// The kernel writes its data at every tick. If a step takes so long that a loop never gets through in between, the
/// thread is let run to its return.
constexpr std::uint64_t kMostRetries = 200;
/// More than getrandom needs for a page; a path that is longer is cut.
constexpr std::size_t kLongestPath = 1 << 16;

bool makes_system_call(const VdsoImage& image, std::uint32_t offset) {
  const auto bytes = image.bytes();
  return offset + arch::kSystemCall.size() <= bytes.size() &&
         std::ranges::equal(bytes.subspan(offset, arch::kSystemCall.size()), arch::kSystemCall);
}

/// Whether the end of that call will be seen without steps.
bool returns_are_probed(const VdsoImage& image, const Call& call) {
  const VdsoFunction* function = image.function_named(call.symbol);
  return function != nullptr && function->incomplete.empty();
}

}  // namespace

const StepEngine::Retries& StepEngine::retries_of(const VdsoImage& image) {
  return retries_.get(image, [&] {
    Retries retries;
    const auto functions = disassemble(image);
    if (!functions) return retries;
    for (const DisassembledFunction& function : *functions)
      retries.insert(function.retries.begin(), function.retries.end());
    return retries;
  });
}

void StepEngine::note(const Thread& thread, std::uint32_t at, std::uint32_t next) {
  Call* call = open_call(thread);
  if (call == nullptr || !call->steps) return;
  StepFacts& steps = *call->steps;
  ++steps.instructions;
  if (retries_of(*thread.space->vdso().image()).contains({at, next})) ++steps.retries;
  if (needs_.steps && steps.path.size() < kLongestPath) steps.path.push_back(at);
}

std::optional<Resume> StepEngine::on_trap(StoppedThread& stopped) {
  Thread& thread = stopped.thread();
  const AddressSpace& space = *thread.space;
  const auto address = stopped.breakpoint_address();
  const auto offset = address && space.vdso().image() != nullptr ? space.vdso().offset_of(*address) : std::nullopt;
  if (offset && space.vdso().is_patched()) {
    const auto& sites = plan_for(*space.vdso().image()).sites;
    const auto site = sites.find(*offset);
    // A return is reported as soon as it is met.
    if (site != sites.end() && site->second.kind == ProbeSite::Kind::exit) note(thread, *offset, *offset);
  }
  const auto how = BreakpointEngine::on_trap(stopped);
  Call* call = how ? open_call(thread) : nullptr;
  // A 32-bit copy of a first instruction can be several.
  if (call != nullptr && !call->steps && space.abi() == Abi::x86_64) {
    call->steps.emplace();
    if (needs_.steps) call->steps->image = space.vdso().shared_image();
  }
  return how;
}

Resume::How StepEngine::resume_mode(StoppedThread& stopped) {
  Thread& thread = stopped.thread();
  const Call* call = open_call(thread);
  if (call == nullptr || !call->steps || !call->steps->complete) return Resume::How::run;
  // A step out of a system call would leave out the stop at its end.
  if (thread.in_call) return Resume::How::call;
  // The thread has made its step, though another stop came first.
  if (thread.step_due) return Resume::How::step;
  const auto* registers = stopped.registers();
  const AddressSpace& space = *thread.space;
  const auto offset = registers != nullptr ? space.vdso().offset_of(arch::program_counter(*registers)) : std::nullopt;
  if (!offset || space.vdso().image() == nullptr) return Resume::How::run;
  const auto origin = plan_for(*space.vdso().image()).origin_of(*offset);
  const std::uint32_t at = origin ? origin->offset : *offset;
  visitor(thread)->next = at;
  return makes_system_call(*space.vdso().image(), at) ? Resume::How::call : Resume::How::step;
}

bool StepEngine::on_step(StoppedThread& stopped) {
  Thread& thread = stopped.thread();
  const AddressSpace& space = *thread.space;
  const auto* registers = stopped.registers();
  if (registers == nullptr) return true;
  const bool only_ours = !arch::traps_every_step(*registers);
  const Visitor* inside = visitor(thread);
  const Call* call = open_call(thread);
  if (call == nullptr || !call->steps || !inside->next || space.vdso().image() == nullptr) return only_ours;
  const std::uint32_t at = *inside->next;
  const auto offset = space.vdso().offset_of(arch::program_counter(*registers));
  const auto origin = offset ? plan_for(*space.vdso().image()).origin_of(*offset) : std::nullopt;
  const std::uint32_t next = origin ? origin->offset : offset.value_or(at);
  note(thread, at, next);
  if (offset) {
    go_on_at(stopped, next);
  } else {
    // The stack pointer is behind the return address now.
    on_exit(stopped, arch::stack_pointer_before_return(*registers));
  }
  return only_ours;
}

void StepEngine::go_on_at(StoppedThread& stopped, std::uint32_t offset) {
  const AddressSpace& space = *stopped.thread().space;
  Call* call = open_call(stopped.thread());
  const auto& sites = plan_for(*space.vdso().image()).sites;
  const auto site = sites.find(offset);
  // A loop that begins at its function's entry is no new call.
  const bool loops = site != sites.end() && site->second.kind == ProbeSite::Kind::entry &&
                     site->second.service->symbol == call->symbol;
  const std::uint64_t address = space.vdso().base() + (loops ? site->second.copy : offset);
  if (address != arch::program_counter(*stopped.registers())) stopped.set_program_counter(address);
  if (call->steps->retries >= kMostRetries && returns_are_probed(*space.vdso().image(), *call))
    call->steps->complete = false;
}

bool StepEngine::on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) {
  const Visitor* inside = visitor(thread);
  if (fallback != nullptr && inside != nullptr && inside->next) note(thread, *inside->next, *inside->next);
  return BreakpointEngine::on_call_entry(thread, fallback, stack_pointer);
}

}  // namespace vdsotrace
