#include "trace/calls/callers.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kStackPointer64 = 7;  // DWARF numbers
constexpr std::size_t kProgramCounter64 = 16;
constexpr std::size_t kStackPointer32 = 4;
constexpr std::size_t kProgramCounter32 = 8;

bool wanted(const Needs& needs, const Call& call) { return needs.stacks || (needs.callers && call.route); }

void note(StoppedThread& stopped, const Needs& needs, const UnwindStart& start, Call& call) {
  Symbols& symbols = stopped.thread().space->symbols();
  if (needs.callers && call.route) call.caller = symbols.caller(stopped.tid(), stopped.memory(), start);
  if (!needs.stacks) return;
  auto outer = symbols.stack(stopped.tid(), stopped.memory(), start);
  call.stack.insert(call.stack.end(), std::make_move_iterator(outer.begin()), std::make_move_iterator(outer.end()));
}

/// As it will be when the function has returned.
std::optional<UnwindStart> after_return(StoppedThread& stopped, const arch::Registers& registers) {
  UnwindStart start{arch::runs_64_bit(registers), 0, arch::dwarf_registers(registers)};
  const std::uint64_t top = arch::stack_pointer(registers);
  const auto address = start.is_64_bit ? stopped.memory().object<std::uint64_t>(top)
                                       : std::optional<std::uint64_t>(stopped.memory().object<std::uint32_t>(top));
  if (!address) return std::nullopt;
  start.address = *address;
  start.registers[start.is_64_bit ? kProgramCounter64 : kProgramCounter32] = *address;
  start.registers[start.is_64_bit ? kStackPointer64 : kStackPointer32] += start.is_64_bit ? 8 : 4;
  return start;
}

}  // namespace

void note_caller(StoppedThread& stopped, const Needs& needs, Call& call) {
  if (!wanted(needs, call)) return;
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const UnwindStart start{arch::runs_64_bit(*registers), arch::program_counter(*registers),
                          arch::dwarf_registers(*registers)};
  note(stopped, needs, start, call);
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
  if (const auto start = after_return(stopped, *registers)) note(stopped, needs, *start, call);
}

}  // namespace vdsotrace
