#include "model/code/call_number.hpp"

#include <algorithm>
#include <cstring>

#include "model/code/x86.hpp"

namespace vdsotrace {
namespace {

using Bytes = std::span<const std::byte>;

/// Compilers and people put the number there at most so many instructions before.
constexpr int kMostBefore = 16;

bool is_rax(std::uint16_t name) {
  return name == X86_REG_RAX || name == X86_REG_EAX || name == X86_REG_AX || name == X86_REG_AL || name == X86_REG_AH;
}

bool begins(Bytes code, std::initializer_list<std::uint8_t> with) {
  return code.size() >= with.size() && std::equal(with.begin(), with.end(), code.begin(),
                                                  [](std::uint8_t a, std::byte b) { return std::byte{a} == b; });
}

/// What the instruction puts into the register, if it is one of those that compilers use for a constant.
std::optional<std::int64_t> constant(Bytes instruction) {
  constexpr std::size_t kImmediate = sizeof(std::int32_t);
  const bool moves = (instruction.size() == 5 && begins(instruction, {0xb8})) ||
                     (instruction.size() == 7 && begins(instruction, {0x48, 0xc7, 0xc0}));
  if (moves) {
    std::int32_t number = 0;
    std::memcpy(&number, instruction.data() + instruction.size() - kImmediate, kImmediate);
    return number;
  }
  const bool clears = instruction.size() == 2 &&
                      (begins(instruction, {0x31, 0xc0}) || begins(instruction, {0x33, 0xc0}));
  return clears ? std::optional<std::int64_t>(0) : std::nullopt;
}

/// Whether the instruction that was decoded last may write the register.
bool may_write_rax(const X86Decoder& decoder) {
  const cs_detail& detail = *decoder.raw().detail;
  if (std::ranges::any_of(std::span(detail.regs_write, detail.regs_write_count), is_rax)) return true;
  const auto operands = std::span(detail.x86.operands, detail.x86.op_count);
  return std::ranges::any_of(operands, [](const cs_x86_op& operand) {
    return operand.type == X86_OP_REG && is_rax(static_cast<std::uint16_t>(operand.reg)) &&
           operand.access != CS_AC_READ;
  });
}

bool contains(std::span<const std::uint64_t> sorted, std::uint64_t address) {
  return std::ranges::binary_search(sorted, address);
}

}  // namespace

std::optional<std::int64_t> call_number(const FunctionCode& function, const FunctionSweep& sweep, std::uint64_t site) {
  auto decoder = X86Decoder::open(Machine::x86_64, true);
  if (!decoder) return std::nullopt;
  std::uint64_t at = site;
  for (int i = 0; i < kMostBefore; ++i) {
    if (contains(sweep.targets(), at) || contains(function.entries, at)) return std::nullopt;
    const auto before = sweep.start_before(at);
    if (!before || *before < function.address) return std::nullopt;
    const Bytes code = function.bytes.subspan(*before - function.address, at - *before);
    if (const auto number = constant(code)) return number;
    const auto instruction = decoder->decode(code, *before);
    if (!instruction || instruction->flow != Flow::next || may_write_rax(*decoder)) return std::nullopt;
    at = *before;
  }
  return std::nullopt;
}

}  // namespace vdsotrace
