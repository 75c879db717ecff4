#include "model/syscalls/process/filter_program.hpp"

#include <array>

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

namespace vdsotrace {

template <>
inline constexpr bool kSameLayout<sock_filter> = true;
template <>
inline constexpr bool kSameLayout<bpf_insn> = true;

namespace {

struct FilterProgram {
  std::uint16_t length;
  std::uint64_t filter;
};

constexpr std::array kClasses{NAMED(BPF_LD),  NAMED(BPF_LDX), NAMED(BPF_ST),  NAMED(BPF_STX),
                              NAMED(BPF_ALU), NAMED(BPF_JMP), NAMED(BPF_RET), NAMED(BPF_MISC)};
constexpr std::array kSizes{NAMED(BPF_W), NAMED(BPF_H), NAMED(BPF_B)};
constexpr std::array kModes{NAMED(BPF_IMM), NAMED(BPF_ABS), NAMED(BPF_IND),
                            NAMED(BPF_MEM), NAMED(BPF_LEN), NAMED(BPF_MSH)};
constexpr std::array kSources{NAMED(BPF_K), NAMED(BPF_X)};
constexpr std::array kReturns{NAMED(BPF_K), NAMED(BPF_X), NAMED(BPF_A)};
constexpr std::array kArithmetic{NAMED(BPF_ADD), NAMED(BPF_SUB), NAMED(BPF_MUL), NAMED(BPF_DIV),
                                 NAMED(BPF_OR),  NAMED(BPF_AND), NAMED(BPF_LSH), NAMED(BPF_RSH),
                                 NAMED(BPF_NEG), NAMED(BPF_MOD), NAMED(BPF_XOR)};
constexpr std::array kJumps{NAMED(BPF_JA), NAMED(BPF_JEQ), NAMED(BPF_JGT), NAMED(BPF_JGE), NAMED(BPF_JSET)};
constexpr std::array kMiscellaneous{NAMED(BPF_TAX), NAMED(BPF_TXA)};

/// Some bits of a statement's code.
struct CodePart {
  std::uint16_t mask = 0;
  std::span<const NamedValue> names;
};
/// What the code has besides its class, by class.
constexpr std::array<std::array<CodePart, 2>, 8> kCodeParts{{
    {{{0x18, kSizes}, {0xe0, kModes}}},
    {{{0x18, kSizes}, {0xe0, kModes}}},
    {},
    {},
    {{{0x08, kSources}, {0xf0, kArithmetic}}},
    {{{0x08, kSources}, {0xf0, kJumps}}},
    {{{0x18, kReturns}, {}}},
    {{{0xf8, kMiscellaneous}, {}}},
}};

/// The code of a statement of either kind.
struct CodeForm {
  std::span<const NamedValue> classes;
  std::span<const std::array<CodePart, 2>, 8> parts;
};
constexpr CodeForm kClassicForm{kClasses, kCodeParts};

// Instructions of bpf(2) share the classic ones' bits and give more of them a meaning (linux/bpf.h).
constexpr std::array kInstructionClasses{NAMED(BPF_LD),  NAMED(BPF_LDX), NAMED(BPF_ST),    NAMED(BPF_STX),
                                         NAMED(BPF_ALU), NAMED(BPF_JMP), NAMED(BPF_JMP32), NAMED(BPF_ALU64)};
constexpr std::array kInstructionSizes{NAMED(BPF_W), NAMED(BPF_H), NAMED(BPF_B), NAMED(BPF_DW)};
constexpr std::array kInstructionModes{NAMED(BPF_IMM), NAMED(BPF_ABS), NAMED(BPF_IND), NAMED(BPF_MEM),
                                       NAMED(BPF_ATOMIC)};
constexpr std::array kInstructionArithmetic{
    NAMED(BPF_ADD), NAMED(BPF_SUB), NAMED(BPF_MUL), NAMED(BPF_DIV), NAMED(BPF_OR),  NAMED(BPF_AND),  NAMED(BPF_LSH),
    NAMED(BPF_RSH), NAMED(BPF_NEG), NAMED(BPF_MOD), NAMED(BPF_XOR), NAMED(BPF_MOV), NAMED(BPF_ARSH), NAMED(BPF_END)};
constexpr std::array kInstructionJumps{NAMED(BPF_JA),   NAMED(BPF_JEQ),  NAMED(BPF_JGT),  NAMED(BPF_JGE),
                                       NAMED(BPF_JSET), NAMED(BPF_JNE),  NAMED(BPF_JSGT), NAMED(BPF_JSGE),
                                       NAMED(BPF_CALL), NAMED(BPF_EXIT), NAMED(BPF_JLT),  NAMED(BPF_JLE),
                                       NAMED(BPF_JSLT), NAMED(BPF_JSLE)};
constexpr std::array<CodePart, 2> kLoadParts{{{0x18, kInstructionSizes}, {0xe0, kInstructionModes}}};
constexpr std::array<CodePart, 2> kArithmeticParts{{{0x08, kSources}, {0xf0, kInstructionArithmetic}}};
constexpr std::array<CodePart, 2> kJumpParts{{{0x08, kSources}, {0xf0, kInstructionJumps}}};
constexpr std::array<std::array<CodePart, 2>, 8> kInstructionParts{
    kLoadParts, kLoadParts, kLoadParts, kLoadParts, kArithmeticParts, kJumpParts, kJumpParts, kArithmeticParts};
constexpr CodeForm kInstructionForm{kInstructionClasses, kInstructionParts};
constexpr std::array kInstructionRegisters{NAMED(BPF_REG_0), NAMED(BPF_REG_1), NAMED(BPF_REG_2), NAMED(BPF_REG_3),
                                           NAMED(BPF_REG_4), NAMED(BPF_REG_5), NAMED(BPF_REG_6), NAMED(BPF_REG_7),
                                           NAMED(BPF_REG_8), NAMED(BPF_REG_9), NAMED(BPF_REG_10)};

void print_code(ArgContext& c, std::uint16_t code, const CodeForm& form) {
  std::uint16_t rest = code & 0xfff8;
  print_choice(c, BPF_CLASS(code), form.classes, "BPF_???");
  for (const CodePart& part : form.parts[BPF_CLASS(code)]) {
    if (part.mask == 0) continue;
    c.put("|");
    print_choice(c, code & part.mask, part.names, "BPF_???");
    rest = static_cast<std::uint16_t>(rest & ~part.mask);
  }
  if (rest == 0) return;
  c.put("|");
  print_choice(c, rest, {}, "BPF_???");
}

/// What a load reads that is no offset from the packet's beginning: linux/filter.h.
void print_packet_offset(ArgContext& c, std::uint32_t offset) {
  static constexpr std::array kExtensions{
      NAMED(SKF_AD_PROTOCOL),         NAMED(SKF_AD_PKTTYPE),    NAMED(SKF_AD_IFINDEX),   NAMED(SKF_AD_NLATTR),
      NAMED(SKF_AD_NLATTR_NEST),      NAMED(SKF_AD_MARK),       NAMED(SKF_AD_QUEUE),     NAMED(SKF_AD_HATYPE),
      NAMED(SKF_AD_RXHASH),           NAMED(SKF_AD_CPU),        NAMED(SKF_AD_ALU_XOR_X), NAMED(SKF_AD_VLAN_TAG),
      NAMED(SKF_AD_VLAN_TAG_PRESENT), NAMED(SKF_AD_PAY_OFFSET), NAMED(SKF_AD_RANDOM),    NAMED(SKF_AD_VLAN_TPID)};
  static constexpr std::array kBases{NAMED(SKF_AD_OFF), NAMED(SKF_NET_OFF), NAMED(SKF_LL_OFF)};
  const auto base = std::ranges::find_if(kBases, [&](const NamedValue& known) { return offset >= known.value; });
  if (base == kBases.end()) {
    print_hex(c, offset);
    return;
  }
  const std::uint64_t distance = offset - base->value;
  print_constant(c, base->value, base->name);
  c.put("+");
  if (base == kBases.begin()) {
    print_choice(c, distance, kExtensions, "SKF_AD_???", Digits::decimal);
  } else {
    c.put_number(distance);
  }
}

/// An action, and what goes with it.
void print_answer(ArgContext& c, std::uint32_t answer) {
  static constexpr std::array kActions{NAMED(SECCOMP_RET_KILL_PROCESS), NAMED(SECCOMP_RET_KILL_THREAD),
                                       NAMED(SECCOMP_RET_TRAP),         NAMED(SECCOMP_RET_ERRNO),
                                       NAMED(SECCOMP_RET_USER_NOTIF),   NAMED(SECCOMP_RET_TRACE),
                                       NAMED(SECCOMP_RET_LOG),          NAMED(SECCOMP_RET_ALLOW)};
  print_choice(c, answer & SECCOMP_RET_ACTION_FULL, kActions, "SECCOMP_RET_???");
  if (const std::uint32_t data = answer & SECCOMP_RET_DATA) c.print("|{:#x}", data);
}

void print_operand(ArgContext& c, const sock_filter& statement, FilterUse use) {
  const bool loads = BPF_CLASS(statement.code) == BPF_LD && BPF_MODE(statement.code) == BPF_ABS;
  const bool returns = BPF_CLASS(statement.code) == BPF_RET && (statement.code & 0x18) == BPF_K;
  if (use == FilterUse::packets && loads) {
    print_packet_offset(c, statement.k);
  } else if (use == FilterUse::calls && returns) {
    print_answer(c, statement.k);
  } else {
    print_hex(c, statement.k);
  }
}

void print_statement(ArgContext& c, const sock_filter& statement, FilterUse use) {
  const bool jumps = statement.jt != 0 || statement.jf != 0;
  c.put(jumps ? "BPF_JUMP(" : "BPF_STMT(");
  print_code(c, statement.code, kClassicForm);
  c.put(", ");
  print_operand(c, statement, use);
  if (jumps) {
    c.put(", ");
    print_hex(c, statement.jt);
    c.put(", ");
    print_hex(c, statement.jf);
  }
  c.put(")");
}

}  // namespace

void print_statements_at(ArgContext& c, std::uint64_t address, std::uint64_t count, FilterUse use) {
  const auto print = [&](const sock_filter& statement) { print_statement(c, statement, use); };
  print_array_at<sock_filter>(c, address, count, print, BPF_MAXINSNS);
}

void print_filter_at(ArgContext& c, std::uint64_t address, std::uint64_t count, FilterUse use) {
  if (c.abbreviated()) {
    print_address(c, address);
  } else {
    print_statements_at(c, address, count, use);
  }
}

void print_instructions_at(ArgContext& c, std::uint64_t address, std::uint64_t count) {
  if (c.abbreviated()) {
    print_address(c, address);
    return;
  }
  const auto print = [&](const bpf_insn& instruction) {
    c.put("{code=");
    print_code(c, instruction.code, kInstructionForm);
    c.put(", dst_reg=");
    print_choice(c, instruction.dst_reg, kInstructionRegisters, "BPF_REG_???");
    c.put(", src_reg=");
    print_choice(c, instruction.src_reg, kInstructionRegisters, "BPF_REG_???");
    c.print(", off={}, imm=", instruction.off);
    print_hex(c, static_cast<std::uint32_t>(instruction.imm));
    c.put("}");
  };
  print_array_at<bpf_insn>(c, address, count, print, BPF_MAXINSNS);
}

void print_filter_program_at(ArgContext& c, std::uint64_t address, FilterUse use) {
  print_object_at<FilterProgram>(c, address, [&](const FilterProgram& program) {
    c.print("{{len={}, filter=", program.length);
    print_filter_at(c, program.filter, program.length, use);
    c.put("}");
  });
}

}  // namespace vdsotrace
