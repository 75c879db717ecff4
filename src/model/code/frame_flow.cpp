#include "model/code/frame_flow.hpp"

#include <array>
#include <cstdlib>
#include <map>
#include <vector>

#include "model/code/x86.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostCode = 64 * 1024;
constexpr std::size_t kMostSteps = 64 * 1024;
constexpr std::int64_t kWordSize = 8;
constexpr std::int64_t kLargestFrame = 1 << 20;
constexpr unsigned kRegisters = 16;
constexpr unsigned kNoRegister = kRegisters;

/// What is known of a register's value.
struct Value {
  enum class Kind : std::uint8_t { unknown, at_entry, on_stack };
  Kind kind = Kind::unknown;
  /// at_entry: which register's value; on_stack: distance from the stack pointer at the entry.
  std::int64_t number = 0;
  bool operator==(const Value&) const = default;
};

/// What is known at one instruction.
struct State {
  std::array<Value, kRegisters> registers;                    ///< as DWARF numbers them
  std::array<std::optional<std::int64_t>, kRegisters> saved;  ///< where a register's value at the entry has been pushed
  bool operator==(const State&) const = default;

  Value& stack() { return registers[kDwarfStackPointer]; }
};

State at_entry() {
  State state;
  for (unsigned i = 0; i < kRegisters; ++i) state.registers[i] = {Value::Kind::at_entry, i};
  state.stack() = {Value::Kind::on_stack, 0};
  return state;
}

/// Forgets what two ways to a place do not agree upon. Whether that changed `known`.
bool merge(State& known, const State& other) {
  const State before = known;
  for (unsigned i = 0; i < kRegisters; ++i) {
    if (known.registers[i] != other.registers[i]) known.registers[i] = {};
    if (known.saved[i] != other.saved[i]) known.saved[i].reset();
  }
  return known != before;
}

struct Names {
  x86_reg names[4];
  unsigned number;
};
constexpr Names kNames[] = {
    {{X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL}, 0},
    {{X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL}, 1},
    {{X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL}, 2},
    {{X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL}, 3},
    {{X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL}, 4},
    {{X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL}, 5},
    {{X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL}, 6},
    {{X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL}, 7},
    {{X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B}, 8},
    {{X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B}, 9},
    {{X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B}, 10},
    {{X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B}, 11},
    {{X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B}, 12},
    {{X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B}, 13},
    {{X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B}, 14},
    {{X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B}, 15},
};

unsigned number_of(unsigned name) {
  for (const Names& row : kNames) {
    for (const x86_reg known : row.names) {
      if (known == name) return row.number;
    }
  }
  if (name == X86_REG_AH) return 0;
  if (name == X86_REG_DH) return 1;
  if (name == X86_REG_CH) return 2;
  return name == X86_REG_BH ? 3 : kNoRegister;
}

/// The number of a whole register.
unsigned whole(const cs_x86_op& operand) {
  if (operand.type != X86_OP_REG || operand.size != kWordSize) return kNoRegister;
  return number_of(operand.reg);
}

class Follower {
 public:
  Follower(std::span<const std::byte> code, bool go) : code_(code), go_(go) {}

  std::optional<State> state_at(std::size_t place) {
    auto decoder = X86Decoder::open(Machine::x86_64, true);
    if (!decoder) return std::nullopt;
    reach(0, at_entry());
    for (std::size_t steps = 0; !open_.empty(); ++steps) {
      if (steps == kMostSteps) return std::nullopt;
      const std::size_t at = open_.back();
      open_.pop_back();
      const auto instruction = decoder->decode(code_.subspan(at), at);
      if (!instruction || !follow(at, *instruction, decoder->raw())) return std::nullopt;
    }
    const auto found = states_.find(place);
    return found != states_.end() ? std::optional(found->second) : std::nullopt;
  }

 private:
  void reach(std::size_t at, const State& state) {
    const auto [known, is_new] = states_.try_emplace(at, state);
    if (is_new || merge(known->second, state)) open_.push_back(at);
  }

  /// Out of the function a jump is another one's business.
  void jump(std::size_t behind, std::int32_t displacement, const State& state) {
    const std::int64_t target = static_cast<std::int64_t>(behind) + displacement;
    if (target >= 0 && target < static_cast<std::int64_t>(code_.size())) reach(static_cast<std::size_t>(target), state);
  }

  bool follow(std::size_t at, const Instruction& instruction, const cs_insn& raw);
  void execute(State& state, const cs_insn& raw) const;
  void write_others(State& state, const cs_insn& raw) const;
  static void forget_after_call(State& state, bool preserves);

  std::span<const std::byte> code_;
  bool go_;
  std::map<std::size_t, State> states_;
  std::vector<std::size_t> open_;
};

/// False where it is not known how control goes on.
bool Follower::follow(std::size_t at, const Instruction& instruction, const cs_insn& raw) {
  State state = states_.at(at);
  const std::size_t behind = at + instruction.length;
  switch (instruction.flow) {
    case Flow::ret:
    case Flow::trap: return true;
    case Flow::indirect_jump:
    case Flow::sysenter: return false;
    case Flow::strange: return raw.id == X86_INS_INT3 || raw.id == X86_INS_HLT;
    case Flow::jump: jump(behind, instruction.displacement, state); return true;
    case Flow::branch:
    case Flow::short_branch: jump(behind, instruction.displacement, state); break;
    case Flow::call:
    case Flow::indirect_call: forget_after_call(state, !go_ || instruction.flow == Flow::indirect_call); break;
    default:
      if (raw.id == X86_INS_HLT) return true;
      if (raw.id == X86_INS_ENTER) return false;
      execute(state, raw);
  }
  // A call that does not return may be the last of a function.
  if (behind < code_.size()) reach(behind, state);
  return true;
}

void Follower::forget_after_call(State& state, bool preserves) {
  for (unsigned i = 0; i < kRegisters; ++i) {
    const bool kept = i == kDwarfStackPointer || (preserves && (i == 3 || i == kDwarfFramePointer || i >= 12));
    if (!kept) state.registers[i] = {};
  }
}

/// What a value is with a number added to it.
Value plus(Value value, std::int64_t number) {
  if (value.kind != Value::Kind::on_stack || std::abs(number) > kLargestFrame) return {};
  value.number += number;
  return std::abs(value.number) <= kLargestFrame ? value : Value{};
}

Value address_of(const State& state, const x86_op_mem& place) {
  const unsigned base = place.index == X86_REG_INVALID ? number_of(place.base) : kNoRegister;
  return base == kNoRegister ? Value{} : plus(state.registers[base], place.disp);
}

void push(State& state, unsigned number) {
  state.stack() = plus(state.stack(), -kWordSize);
  if (number == kNoRegister || state.stack().kind != Value::Kind::on_stack || state.saved[number]) return;
  if (state.registers[number] == Value{Value::Kind::at_entry, number}) state.saved[number] = state.stack().number;
}

void pop(State& state, unsigned number) {
  const Value top = state.stack();
  state.stack() = plus(state.stack(), kWordSize);
  if (number == kNoRegister) return;
  const bool own = top.kind == Value::Kind::on_stack && state.saved[number] == top.number;
  state.registers[number] = own ? Value{Value::Kind::at_entry, number} : Value{};
  if (own) state.saved[number].reset();
}

/// Of instructions whose result is known from what registers held before. False for others.
bool execute_on_registers(State& state, const cs_insn& raw) {
  const cs_x86& x86 = raw.detail->x86;
  const cs_x86_op* operands = x86.operands;
  const unsigned first = x86.op_count > 0 ? whole(operands[0]) : kNoRegister;
  const bool by_number = x86.op_count == 2 && operands[1].type == X86_OP_IMM;
  auto& registers = state.registers;
  switch (raw.id) {
    case X86_INS_MOV:
      if (first == kNoRegister || whole(operands[1]) == kNoRegister) return false;
      registers[first] = registers[whole(operands[1])];
      return true;
    case X86_INS_ADD:
    case X86_INS_SUB:
      if (first == kNoRegister || !by_number) return false;
      registers[first] = plus(registers[first], raw.id == X86_INS_ADD ? operands[1].imm : -operands[1].imm);
      return true;
    case X86_INS_LEA:
      if (first == kNoRegister || x86.addr_size != kWordSize) return false;
      registers[first] = address_of(state, operands[1].mem);
      return true;
    default: return false;
  }
}

/// Of instructions that move the stack pointer or nothing at all. False for others.
bool execute_on_stack(State& state, const cs_insn& raw) {
  const cs_x86& x86 = raw.detail->x86;
  const unsigned first = x86.op_count > 0 ? whole(x86.operands[0]) : kNoRegister;
  switch (raw.id) {
    case X86_INS_CMP:
    case X86_INS_TEST:
    case X86_INS_NOP: return true;
    case X86_INS_PUSH:
      if (x86.op_count == 1 && x86.operands[0].size == 2) return false;
      push(state, first);
      return true;
    case X86_INS_POP:
      if (first == kNoRegister || first == kDwarfStackPointer) return false;
      pop(state, first);
      return true;
    case X86_INS_LEAVE:
      state.registers[kDwarfStackPointer] = state.registers[kDwarfFramePointer];
      pop(state, kDwarfFramePointer);
      return true;
    default: return false;
  }
}

void Follower::execute(State& state, const cs_insn& raw) const {
  if (!execute_on_stack(state, raw) && !execute_on_registers(state, raw)) write_others(state, raw);
}

/// Capstone does not say of every instruction what it writes: the first operand is taken to be written.
void Follower::write_others(State& state, const cs_insn& raw) const {
  const cs_detail& detail = *raw.detail;
  const auto forget = [&](unsigned name) {
    const unsigned number = number_of(name);
    if (number != kNoRegister) state.registers[number] = {};
  };
  for (unsigned i = 0; i < detail.regs_write_count; ++i) forget(detail.regs_write[i]);
  for (unsigned i = 0; i < detail.x86.op_count; ++i) {
    const cs_x86_op& operand = detail.x86.operands[i];
    const bool written = i == 0 || (operand.access & CS_AC_WRITE) != 0 || raw.id == X86_INS_XCHG ||
                         raw.id == X86_INS_XADD;
    if (operand.type == X86_OP_REG && written) forget(operand.reg);
  }
}

FrameRule::Preserved preserved_in(const State& state, unsigned number) {
  if (state.registers[number] == Value{Value::Kind::at_entry, number}) return {FrameRule::Keeps::as_it_is, 0};
  const Value& stack = state.registers[kDwarfStackPointer];
  const bool given_up = stack.kind == Value::Kind::on_stack && state.saved[number] &&
                        *state.saved[number] < stack.number;
  if (state.saved[number] && !given_up) return {FrameRule::Keeps::saved, *state.saved[number] - kWordSize};
  return {FrameRule::Keeps::lost, 0};
}

}  // namespace

std::optional<FrameRule> frame_rule_of_code(std::span<const std::byte> code, std::size_t place, bool go) {
  if (code.size() > kMostCode || place >= code.size()) return std::nullopt;
  const auto state = Follower(code, go).state_at(place);
  if (!state) return std::nullopt;
  FrameRule rule;
  const auto counts_from = [&](unsigned number) {
    const Value& value = state->registers[number];
    if (value.kind != Value::Kind::on_stack || value.number > 0) return false;
    rule.base = number;
    rule.frame_address = kWordSize - value.number;
    rule.leaves_stack = number != kDwarfStackPointer;
    return true;
  };
  bool found = counts_from(kDwarfStackPointer);
  for (const unsigned number : kPreservedRegisters) found = found || counts_from(number);
  if (!found) return std::nullopt;
  for (std::size_t i = 0; i < kPreservedRegisters.size(); ++i)
    rule.preserved[i] = preserved_in(*state, kPreservedRegisters[i]);
  return rule;
}

}  // namespace vdsotrace
