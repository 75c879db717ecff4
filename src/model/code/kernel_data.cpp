#include "model/code/kernel_data.hpp"

#include <algorithm>
#include <array>

namespace vdsotrace {
namespace {

using Registers = std::uint16_t;  ///< bit n: general register n, numbered as the processor does

/// The names by which parts of one register go.
constexpr std::array<std::array<x86_reg, 5>, 16> kRegisterNames{{
    {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH},
    {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH},
    {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH},
    {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH},
    {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL},
    {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL},
    {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL},
    {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL},
    {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B},
    {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B},
    {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B},
    {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B},
    {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B},
    {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B},
    {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B},
    {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B},
}};
/// What a called function gives back as it was: rbx, rsp, rbp, rsi and rdi (i386), r12 to r15.
constexpr Registers kKeptWide = 0xf038;
constexpr Registers kKeptNarrow = 0x00f8;

std::optional<unsigned> number_of(x86_reg reg) {
  if (reg == X86_REG_INVALID) return std::nullopt;
  for (unsigned i = 0; i < kRegisterNames.size(); ++i) {
    if (std::find(kRegisterNames[i].begin(), kRegisterNames[i].end(), reg) != kRegisterNames[i].end()) return i;
  }
  return std::nullopt;
}

Registers bit_of(x86_reg reg) {
  const auto number = number_of(reg);
  return number ? static_cast<Registers>(1u << *number) : Registers{0};
}

bool copies_pointers(unsigned id) {
  return id == X86_INS_MOV || id == X86_INS_ADD || id == X86_INS_SUB || (id >= X86_INS_CMOVA && id <= X86_INS_CMOVS);
}

class Finder {
 public:
  Finder(std::span<const DecodedInstruction> code, const FlowGraph& graph, std::span<const std::byte> image, bool wide)
      : code_(code), graph_(graph), image_(image), wide_(wide) {
    if (!wide_) find_own_address();
  }

  std::vector<KernelDataUse> find() {
    std::vector<KernelDataUse> uses(code_.size());
    const auto before = pointers_before();
    for (std::size_t i = 0; i < code_.size(); ++i) uses[i] = use_of(code_[i], before[i]);
    return uses;
  }

 private:
  /// i386 code adds an offset to where it is; to know that it calls the next instruction or a
  /// helper `mov (%esp),%reg; ret`.
  void find_own_address() {
    for (std::size_t i = 0; i + 1 < code_.size(); ++i) {
      const auto& call = code_[i];
      if (call.meaning.flow != Flow::call) continue;
      const std::int64_t next = std::int64_t{call.offset} + call.meaning.length;
      std::size_t add = i + 1;
      std::optional<unsigned> number;
      if (call.meaning.displacement == 0 && code_[add].id == X86_INS_POP) {
        number = number_of(code_[add++].operands.operands[0].reg);
      } else {
        number = thunk_register(next + call.meaning.displacement);
      }
      if (!number || add >= code_.size()) continue;
      const auto& operands = code_[add].operands;
      if (code_[add].id != X86_INS_ADD || operands.op_count != 2) continue;
      if (operands.operands[1].type != X86_OP_IMM) continue;
      own_[*number] = next + static_cast<std::int32_t>(operands.operands[1].imm);
    }
  }

  std::optional<unsigned> thunk_register(std::int64_t target) const {
    if (target < 0 || target + 4 > static_cast<std::int64_t>(image_.size())) return std::nullopt;
    const auto code = image_.subspan(static_cast<std::size_t>(target), 4);
    const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(code[i]); };
    if (at(0) != 0x8b || (at(1) & 0xc7) != 0x04 || at(2) != 0x24 || at(3) != 0xc3) return std::nullopt;
    return (at(1) >> 3) & 7;
  }

  /// The constant part of an address, from the start of the image.
  std::optional<std::int64_t> constant_of(const DecodedInstruction& at, const x86_op_mem& memory) const {
    if (memory.segment != X86_REG_INVALID) return std::nullopt;
    if (wide_) {
      if (memory.base != X86_REG_RIP) return std::nullopt;
      return std::int64_t{at.offset} + at.meaning.length + memory.disp;
    }
    for (const x86_reg reg : {memory.base, memory.index}) {
      const auto number = number_of(reg);
      if (number && own_[*number]) return *own_[*number] + static_cast<std::int32_t>(memory.disp);
    }
    return std::nullopt;
  }

  bool outside(std::int64_t offset) const { return offset < 0 || offset >= static_cast<std::int64_t>(image_.size()); }

  std::optional<KernelDataUse> touched(const DecodedInstruction& at, const cs_x86_op& operand,
                                       Registers pointers) const {
    const auto constant = constant_of(at, operand.mem);
    if (constant && outside(*constant)) return KernelDataUse{KernelDataUse::Kind::reads, constant};
    if ((pointers & (bit_of(operand.mem.base) | bit_of(operand.mem.index))) != 0)
      return KernelDataUse{KernelDataUse::Kind::reads, std::nullopt};
    return std::nullopt;
  }

  KernelDataUse use_of(const DecodedInstruction& at, Registers pointers) const {
    if (at.id == X86_INS_NOP) return {};
    for (unsigned i = 0; i < at.operands.op_count; ++i) {
      const cs_x86_op& operand = at.operands.operands[i];
      if (operand.type != X86_OP_MEM) continue;
      auto use = touched(at, operand, pointers);
      if (!use) continue;
      if (at.id == X86_INS_LEA) use->kind = KernelDataUse::Kind::address;
      return *use;
    }
    return {};
  }

  Registers written_by(const DecodedInstruction& at) const {
    if (at.meaning.flow == Flow::call) return static_cast<Registers>(~(wide_ ? kKeptWide : kKeptNarrow));
    Registers written = 0;
    for (const x86_reg reg : at.implicit_writes) written |= bit_of(reg);
    for (unsigned i = 0; i < at.operands.op_count; ++i) {
      const cs_x86_op& operand = at.operands.operands[i];
      if (operand.type == X86_OP_REG && (operand.access & CS_AC_WRITE) != 0) written |= bit_of(operand.reg);
    }
    return written;
  }

  Registers pointers_after(const DecodedInstruction& at, Registers pointers) const {
    const auto left = static_cast<Registers>(pointers & ~written_by(at));
    if (at.operands.op_count != 2 || at.operands.operands[0].type != X86_OP_REG) return left;
    const Registers target = bit_of(at.operands.operands[0].reg);
    const cs_x86_op& source = at.operands.operands[1];
    bool pointer = false;
    if (at.id == X86_INS_LEA) {
      pointer = touched(at, source, pointers).has_value();
    } else if (copies_pointers(at.id)) {
      pointer = source.type == X86_OP_REG && (pointers & bit_of(source.reg)) != 0;
      // What is added to or conditionally replaced keeps its nature.
      if (at.id != X86_INS_MOV) pointer |= (pointers & target) != 0 && source.type != X86_OP_MEM;
    }
    return pointer ? static_cast<Registers>(left | target) : left;
  }

  /// Which registers can hold such addresses before each instruction.
  std::vector<Registers> pointers_before() const {
    std::vector<Registers> before(code_.size());
    if (code_.empty()) return before;
    std::vector<std::uint32_t> pending{graph_.entry};
    std::vector<bool> seen(code_.size());
    while (!pending.empty()) {
      const std::uint32_t node = pending.back();
      pending.pop_back();
      seen[node] = true;
      const Registers after = pointers_after(code_[node], before[node]);
      for (const std::uint32_t next : graph_.next[node]) {
        const auto either = static_cast<Registers>(before[next] | after);
        if (either == before[next] && seen[next]) continue;
        before[next] = either;
        pending.push_back(next);
      }
    }
    return before;
  }

  std::span<const DecodedInstruction> code_;
  const FlowGraph& graph_;
  std::span<const std::byte> image_;
  bool wide_;
  std::array<std::optional<std::int64_t>, 16> own_;  ///< i386: what the code adds offsets to
};

}  // namespace

std::vector<KernelDataUse> find_kernel_data(std::span<const DecodedInstruction> code, const FlowGraph& graph,
                                            std::span<const std::byte> image, bool wide) {
  return Finder(code, graph, image, wide).find();
}

}  // namespace vdsotrace
