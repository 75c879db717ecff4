#include "trace/calls/callers.hpp"

namespace vdsotrace {
namespace {

bool wanted(const Needs& needs, const Call& call) { return needs.stacks || (needs.callers && call.route); }

UnwindStart innermost(const arch::Registers& registers) {
  return {arch::runs_64_bit(registers), arch::program_counter(registers), arch::dwarf_registers(registers)};
}

void note(StoppedThread& stopped, const Needs& needs, const UnwindStart& start, Call& call) {
  Symbols& symbols = stopped.thread().space->symbols();
  if (needs.callers && call.route) call.caller = symbols.caller(stopped.tid(), stopped.memory(), start);
  if (!needs.stacks) return;
  auto outer = symbols.stack(stopped.tid(), stopped.memory(), start);
  call.stack.insert(call.stack.end(), std::make_move_iterator(outer.begin()), std::make_move_iterator(outer.end()));
}

}  // namespace

void note_caller(StoppedThread& stopped, const Needs& needs, Call& call) {
  // Until the program is executed, our own code makes the calls.
  if (!wanted(needs, call) || stopped.thread().phase == Thread::Phase::launching) return;
  const auto* registers = stopped.registers();
  if (registers != nullptr) note(stopped, needs, innermost(*registers), call);
}

std::vector<Caller> stack_of(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return {};
  return stopped.thread().space->symbols().stack(stopped.tid(), stopped.memory(), innermost(*registers));
}

void note_caller_of_function(StoppedThread& stopped, const Needs& needs, Call& call,
                             std::optional<std::uint64_t> function) {
  if (!wanted(needs, call)) return;
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  if (needs.stacks && function) {
    if (auto place = stopped.thread().space->symbols().instruction(stopped.tid(), *function))
      call.stack.push_back(std::move(*place));
  }
  if (const auto place = arch::return_place(*registers, stopped.memory()))
    note(stopped, needs, {arch::runs_64_bit(*registers), place->address, place->registers}, call);
}

}  // namespace vdsotrace
