#include "arch/stub_emulator.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <optional>
#include <utility>

#include "arch/counter.hpp"
#include "arch/x86_64/arithmetic.hpp"
#include "model/code/x86.hpp"

namespace vdsotrace::arch {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kLongest = 15;  // bytes of an instruction

/// The number that is the same for jcc, setcc and cmovcc (Intel SDM, volume 1, appendix B).
unsigned condition_of(const cs_x86& code) { return (code.opcode[0] == 0x0f ? code.opcode[1] : code.opcode[0]) & 0xf; }

/// Puts change(before) there in one go.
template <class T, class Change>
std::uint64_t modify_shared(std::byte* at, const Change& change) {
  const std::atomic_ref<T> there(*reinterpret_cast<T*>(at));
  T before = there.load();
  while (!there.compare_exchange_weak(before, static_cast<T>(change(before)))) {}
  return before;
}

template <class T>
void store_shared(std::byte* at, std::uint64_t value) {
  std::atomic_ref<T>(*reinterpret_cast<T*>(at)).store(static_cast<T>(value), std::memory_order_release);
}

template <class T>
std::uint64_t load_shared(std::byte* at) {
  return std::atomic_ref<T>(*reinterpret_cast<T*>(at)).load(std::memory_order_acquire);
}

}  // namespace

class StubEmulator::Processor {
 public:
  Processor(const Registers& registers, EmulatedMemory& memory) : registers_(registers), memory_(memory) {
    if (auto opened = X86Decoder::open(Machine::x86_64, true)) decoder_.emplace(std::move(*opened));
  }

  Outcome step();
  Registers& registers() { return registers_; }

 private:
  using Word = std::uint64_t;

  /// A part of a general register.
  struct Part {
    unsigned long long Registers::*whole;
    unsigned bytes;
  };
  static std::optional<Part> part_of(x86_reg name);

  bool execute();
  bool move(const cs_x86& code);
  bool arithmetic(const cs_x86& code, unsigned id);
  bool multiply(const cs_x86& code, Word second);
  bool conditional_move(const cs_x86& code, Word second);
  bool count(const cs_x86_op& to, bool up);
  bool shift(const cs_x86& code, bool left);
  bool exchange(const cs_x86& code, unsigned id);
  bool branch(const cs_x86& code, unsigned id);
  bool conditional_branch(const cs_x86& code);
  bool swap(const cs_x86& code);

  std::optional<Word> address(const cs_x86_op& operand) const;
  std::optional<Word> read(const cs_x86_op& operand);
  bool write(const cs_x86_op& operand, Word value);
  std::optional<Word> load(Word from, std::size_t size);
  bool store(Word to, std::size_t size, Word value);
  bool push(Word value);
  std::optional<Word> pop();
  /// Puts change(before) in the operand's place, atomically where it is shared. Answers what was there before.
  template <class Change>
  std::optional<Word> modify(const cs_x86_op& operand, const Change& change);

  std::optional<X86Decoder> decoder_;
  Registers registers_;
  Arithmetic alu_{registers_.eflags};
  EmulatedMemory& memory_;
  Word next_ = 0;  ///< address behind the instruction
};

StubEmulator::StubEmulator(const Registers& registers, EmulatedMemory& memory)
    : processor_(std::make_unique<Processor>(registers, memory)) {}

StubEmulator::~StubEmulator() = default;

StubEmulator::Outcome StubEmulator::step() { return processor_->step(); }

Registers& StubEmulator::registers() { return processor_->registers(); }

StubEmulator::Outcome StubEmulator::Processor::step() {
  std::array<std::byte, kLongest> bytes;
  const std::size_t size = memory_.read(registers_.rip, bytes);
  const auto instruction = decoder_ ? decoder_->decode(std::span(bytes).first(size), registers_.rip) : std::nullopt;
  if (!instruction) return Outcome::unknown;
  if (instruction->flow == Flow::system_call) return Outcome::system_call;
  next_ = registers_.rip + instruction->length;
  if (!execute()) return Outcome::unknown;
  registers_.rip = next_;
  return Outcome::next;
}

bool StubEmulator::Processor::execute() {
  const cs_insn& insn = decoder_->raw();
  const cs_x86& code = insn.detail->x86;
  switch (insn.id) {
    case X86_INS_NOP:
    case X86_INS_PAUSE:
    case X86_INS_ENDBR64:
    case X86_INS_PREFETCHW: return true;
    case X86_INS_MOV:
    case X86_INS_MOVABS:
    case X86_INS_MOVZX: return move(code);
    case X86_INS_LEA: {
      const auto value = address(code.operands[1]);
      return value && write(code.operands[0], *value);
    }
    case X86_INS_RDFSBASE: return write(code.operands[0], registers_.fs_base);
    case X86_INS_RDTSC: {
      const Word counter = read_counter();
      registers_.rax = counter & mask_of(4);
      registers_.rdx = counter >> 32;
      return true;
    }
    case X86_INS_LAHF: registers_.rax = (registers_.rax & ~0xff00ULL) | (registers_.eflags & 0xff) << 8; return true;
    case X86_INS_SAHF: alu_.set_low(registers_.rax >> 8); return true;
    case X86_INS_SETO: return write(code.operands[0], alu_.holds(condition_of(code)) ? 1 : 0);
    case X86_INS_SHL:
    case X86_INS_SHR: return shift(code, insn.id == X86_INS_SHL);
    case X86_INS_XADD:
    case X86_INS_CMPXCHG: return exchange(code, insn.id);
    case X86_INS_XCHG: return swap(code);
    case X86_INS_PUSH: {
      const auto value = read(code.operands[0]);
      return value && push(*value);
    }
    case X86_INS_POP: {
      const auto value = pop();
      return value && write(code.operands[0], *value);
    }
    default: return branch(code, insn.id) || arithmetic(code, insn.id);
  }
}

bool StubEmulator::Processor::move(const cs_x86& code) {
  const auto value = read(code.operands[1]);
  return value && write(code.operands[0], *value);
}

bool StubEmulator::Processor::branch(const cs_x86& code, unsigned id) {
  switch (id) {
    case X86_INS_CALL:
    case X86_INS_JMP: {
      const bool direct = code.operands[0].type == X86_OP_IMM;
      const auto target = direct || id == X86_INS_JMP ? read(code.operands[0]) : std::nullopt;
      if (!target || (id == X86_INS_CALL && !push(next_))) return false;
      next_ = *target;
      return true;
    }
    case X86_INS_JRCXZ:
      if (registers_.rcx == 0) next_ = static_cast<Word>(code.operands[0].imm);
      return true;
    case X86_INS_RET: {
      if (code.op_count != 0) return false;
      const auto back = pop();
      if (back) next_ = *back;
      return back.has_value();
    }
    default: return conditional_branch(code);
  }
}

bool StubEmulator::Processor::conditional_branch(const cs_x86& code) {
  if (code.op_count != 1 || code.operands[0].type != X86_OP_IMM) return false;
  if (decoder_->raw().bytes[0] != 0x0f && (decoder_->raw().bytes[0] & 0xf0) != 0x70) return false;
  if (code.opcode[0] == 0x0f && (code.opcode[1] & 0xf0) != 0x80) return false;
  if (alu_.holds(condition_of(code))) next_ = static_cast<Word>(code.operands[0].imm);
  return true;
}

bool StubEmulator::Processor::arithmetic(const cs_x86& code, unsigned id) {
  if (code.op_count == 0) return false;
  const cs_x86_op& to = code.operands[0];
  const std::size_t size = to.size;
  const bool has_second = code.op_count > 1;
  const auto second = has_second ? read(code.operands[1]) : std::optional<Word>(1);
  if (!second) return false;
  const Word b = *second & mask_of(size);
  const auto modified = [&](const auto& change) { return modify(to, change).has_value(); };
  const auto compared = [this](const cs_x86_op& with, const auto& set_flags) {
    const auto a = read(with);
    if (a) set_flags(*a);
    return a.has_value();
  };
  switch (id) {
    case X86_INS_ADD: return modified([&](Word a) { return alu_.added(a, b, size); });
    case X86_INS_SUB: return modified([&](Word a) { return alu_.subtracted(a, b, size); });
    case X86_INS_AND: return modified([&](Word a) { return alu_.logical(a & b, size); });
    case X86_INS_OR: return modified([&](Word a) { return alu_.logical(a | b, size); });
    case X86_INS_XOR: return modified([&](Word a) { return alu_.logical(a ^ b, size); });
    case X86_INS_INC:
    case X86_INS_DEC: return count(to, id == X86_INS_INC);
    case X86_INS_CMP: return compared(to, [&](Word a) { alu_.subtracted(a, b, size); });
    case X86_INS_TEST: return compared(to, [&](Word a) { alu_.logical(a & b, size); });
    case X86_INS_IMUL: return has_second && multiply(code, *second);
    default: return has_second && conditional_move(code, *second);
  }
}

bool StubEmulator::Processor::multiply(const cs_x86& code, Word second) {
  const cs_x86_op& to = code.operands[0];
  const auto factor = code.op_count == 3 ? std::optional(static_cast<Word>(code.operands[2].imm)) : read(to);
  return factor && write(to, second * *factor);
}

/// cmovcc: the upper half of a 64-bit register is cleared even where nothing is moved.
bool StubEmulator::Processor::conditional_move(const cs_x86& code, Word second) {
  if (code.opcode[0] != 0x0f || (code.opcode[1] & 0xf0) != 0x40) return false;
  const cs_x86_op& to = code.operands[0];
  const auto kept = read(to);
  return kept && write(to, alu_.holds(condition_of(code)) ? second : *kept);
}

/// Unlike an addition of one it leaves the carry flag alone.
bool StubEmulator::Processor::count(const cs_x86_op& to, bool up) {
  const Word carry = registers_.eflags & kCarry;
  const auto one_more = [&](Word a) { return up ? alu_.added(a, 1, to.size) : alu_.subtracted(a, 1, to.size); };
  const bool done = modify(to, one_more).has_value();
  registers_.eflags = (registers_.eflags & ~kCarry) | carry;
  return done;
}

bool StubEmulator::Processor::shift(const cs_x86& code, bool left) {
  const cs_x86_op& to = code.operands[0];
  if (code.op_count != 2 || code.operands[1].type != X86_OP_IMM) return false;
  const auto count = static_cast<unsigned>(code.operands[1].imm) % (to.size == kWord ? 64 : 32);
  return modify(to, [&](Word value) { return alu_.logical(left ? value << count : value >> count, to.size); })
      .has_value();
}

bool StubEmulator::Processor::exchange(const cs_x86& code, unsigned id) {
  const cs_x86_op& place = code.operands[0];
  const auto mine = read(code.operands[1]);
  if (!mine) return false;
  const std::size_t size = place.size;
  if (id == X86_INS_XADD) {
    const auto before = modify(place, [&](Word there) { return alu_.added(there, *mine, size); });
    return before && write(code.operands[1], *before);
  }
  const Word expected = registers_.rax & mask_of(size);
  const auto before = modify(place, [&](Word there) { return there == expected ? *mine : there; });
  if (!before) return false;
  alu_.subtracted(expected, *before, size);
  if (*before != expected) registers_.rax = *before;
  return true;
}

/// With memory it is locked, as the processor's is.
bool StubEmulator::Processor::swap(const cs_x86& code) {
  const cs_x86_op &one = code.operands[0], &other = code.operands[1];
  const auto second = read(other);
  const auto first = second ? modify(one, [&](Word) { return *second; }) : std::nullopt;
  return first && write(other, *first);
}

std::optional<StubEmulator::Processor::Part> StubEmulator::Processor::part_of(x86_reg name) {
  using R = Registers;
  struct Row {
    unsigned long long R::*whole;
    x86_reg names[3];  // of 8, 4 and 1 bytes
  };
  static constexpr Row kRows[] = {
      {&R::rax, {X86_REG_RAX, X86_REG_EAX, X86_REG_AL}},    {&R::rbx, {X86_REG_RBX, X86_REG_EBX, X86_REG_BL}},
      {&R::rcx, {X86_REG_RCX, X86_REG_ECX, X86_REG_CL}},    {&R::rdx, {X86_REG_RDX, X86_REG_EDX, X86_REG_DL}},
      {&R::rsi, {X86_REG_RSI, X86_REG_ESI, X86_REG_SIL}},   {&R::rdi, {X86_REG_RDI, X86_REG_EDI, X86_REG_DIL}},
      {&R::rbp, {X86_REG_RBP, X86_REG_EBP, X86_REG_BPL}},   {&R::rsp, {X86_REG_RSP, X86_REG_ESP, X86_REG_SPL}},
      {&R::r8, {X86_REG_R8, X86_REG_R8D, X86_REG_R8B}},     {&R::r9, {X86_REG_R9, X86_REG_R9D, X86_REG_R9B}},
      {&R::r10, {X86_REG_R10, X86_REG_R10D, X86_REG_R10B}}, {&R::r11, {X86_REG_R11, X86_REG_R11D, X86_REG_R11B}},
      {&R::r12, {X86_REG_R12, X86_REG_R12D, X86_REG_R12B}}, {&R::r13, {X86_REG_R13, X86_REG_R13D, X86_REG_R13B}},
      {&R::r14, {X86_REG_R14, X86_REG_R14D, X86_REG_R14B}}, {&R::r15, {X86_REG_R15, X86_REG_R15D, X86_REG_R15B}},
  };
  constexpr unsigned kBytes[] = {8, 4, 1};
  for (const Row& row : kRows) {
    const auto found = std::find(std::begin(row.names), std::end(row.names), name);
    if (found != std::end(row.names)) return Part{row.whole, kBytes[found - std::begin(row.names)]};
  }
  return std::nullopt;
}

std::optional<StubEmulator::Processor::Word> StubEmulator::Processor::address(const cs_x86_op& operand) const {
  const x86_op_mem& place = operand.mem;
  if (place.segment != X86_REG_INVALID) return std::nullopt;
  Word sum = static_cast<Word>(place.disp);
  const auto add = [&](x86_reg name, Word scale) {
    if (name == X86_REG_INVALID) return true;
    const auto part = part_of(name);
    if (name != X86_REG_RIP && (!part || part->bytes != kWord)) return false;
    sum += scale * (name == X86_REG_RIP ? next_ : registers_.*part->whole);
    return true;
  };
  if (!add(place.base, 1) || !add(place.index, static_cast<Word>(place.scale))) return std::nullopt;
  return sum;
}

std::optional<StubEmulator::Processor::Word> StubEmulator::Processor::read(const cs_x86_op& operand) {
  switch (operand.type) {
    case X86_OP_IMM: return static_cast<Word>(operand.imm);
    case X86_OP_REG: {
      const auto part = part_of(operand.reg);
      return part ? std::optional<Word>(registers_.*part->whole & mask_of(part->bytes)) : std::nullopt;
    }
    case X86_OP_MEM: {
      const auto from = address(operand);
      return from ? load(*from, operand.size) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

bool StubEmulator::Processor::write(const cs_x86_op& operand, Word value) {
  if (operand.type == X86_OP_MEM) {
    const auto to = address(operand);
    return to && store(*to, operand.size, value);
  }
  const auto part = operand.type == X86_OP_REG ? part_of(operand.reg) : std::nullopt;
  if (!part) return false;
  auto& whole = registers_.*part->whole;
  // Four bytes clear those above, one leaves them alone.
  whole = part->bytes == 1 ? (whole & ~mask_of(1)) | (value & mask_of(1)) : value & mask_of(part->bytes);
  return true;
}

std::optional<StubEmulator::Processor::Word> StubEmulator::Processor::load(Word from, std::size_t size) {
  if (std::byte* at = memory_.shared(from, size)) {
    switch (size) {
      case 4: return load_shared<std::uint32_t>(at);
      case 8: return load_shared<std::uint64_t>(at);
      default: return std::nullopt;
    }
  }
  Word value = 0;
  const auto bytes = std::as_writable_bytes(std::span(&value, 1)).first(std::min(size, kWord));
  if (size > kWord || memory_.read(from, bytes) != size) return std::nullopt;
  return value;
}

bool StubEmulator::Processor::store(Word to, std::size_t size, Word value) {
  if (std::byte* at = memory_.shared(to, size)) {
    switch (size) {
      case 1: store_shared<std::uint8_t>(at, value); return true;
      case 4: store_shared<std::uint32_t>(at, value); return true;
      case 8: store_shared<std::uint64_t>(at, value); return true;
      default: return false;
    }
  }
  return size <= kWord && memory_.write(to, std::as_bytes(std::span(&value, 1)).first(size));
}

bool StubEmulator::Processor::push(Word value) {
  if (!store(registers_.rsp - kWord, kWord, value)) return false;
  registers_.rsp -= kWord;
  return true;
}

std::optional<StubEmulator::Processor::Word> StubEmulator::Processor::pop() {
  const auto value = load(registers_.rsp, kWord);
  if (value) registers_.rsp += kWord;
  return value;
}

template <class Change>
std::optional<StubEmulator::Processor::Word> StubEmulator::Processor::modify(const cs_x86_op& operand,
                                                                             const Change& change) {
  const auto at = operand.type == X86_OP_MEM ? address(operand) : std::nullopt;
  if (std::byte* shared = at ? memory_.shared(*at, operand.size) : nullptr) {
    switch (operand.size) {
      case 4: return modify_shared<std::uint32_t>(shared, change);
      case 8: return modify_shared<std::uint64_t>(shared, change);
      default: return std::nullopt;
    }
  }
  const auto before = read(operand);
  if (!before || !write(operand, change(*before))) return std::nullopt;
  return before;
}

}  // namespace vdsotrace::arch
