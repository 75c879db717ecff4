#include "model/code/liveness.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <vector>

#include "model/code/x86.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostVisited = 4096;

bool is_r9(std::uint16_t name) {
  return name == X86_REG_R9 || name == X86_REG_R9D || name == X86_REG_R9W || name == X86_REG_R9B;
}

/// What one instruction does with r9.
enum class Use : std::uint8_t { none, reads, writes };

/// xor of r9 with itself: whole, whatever was there before.
bool clears_r9(const X86Decoder& decoder) {
  const cs_x86& x86 = decoder.raw().detail->x86;
  const cs_x86_op* operands = x86.operands;
  if (decoder.raw().id != X86_INS_XOR || x86.op_count != 2) return false;
  if (operands[0].type != X86_OP_REG || operands[1].type != X86_OP_REG || operands[0].reg != operands[1].reg)
    return false;
  return is_r9(operands[0].reg) && operands[0].size >= sizeof(std::uint32_t);
}

Use use_of(const X86Decoder& decoder) {
  if (clears_r9(decoder)) return Use::writes;
  Use use = Use::none;
  const cs_x86& x86 = decoder.raw().detail->x86;
  // These leave what was there alone under some condition, which not every version of Capstone knows.
  const bool is_cmov = x86.opcode[0] == 0x0f && (x86.opcode[1] & 0xf0) == 0x40;
  const bool may_keep = is_cmov || decoder.raw().id == X86_INS_BSF || decoder.raw().id == X86_INS_BSR;
  for (const cs_x86_op& operand : std::span(x86.operands, x86.op_count)) {
    if (operand.type == X86_OP_MEM && (is_r9(operand.mem.base) || is_r9(operand.mem.index))) return Use::reads;
    if (operand.type != X86_OP_REG || !is_r9(operand.reg)) continue;
    // Writing a part of it keeps the rest; and what Capstone does not know of an access may be one.
    const bool whole = operand.access == CS_AC_WRITE && operand.size >= sizeof(std::uint32_t) && !may_keep;
    if (!whole) return Use::reads;
    use = Use::writes;
  }
  return use;
}

/// Where control goes from an instruction that was decoded at `at`. False where that is not known.
bool add_successors(const Instruction& instruction, std::uint32_t at, std::vector<std::uint32_t>& pending) {
  const std::uint32_t next = at + instruction.length;
  const std::uint32_t target = next + static_cast<std::uint32_t>(instruction.displacement);
  switch (instruction.flow) {
    case Flow::ret:
    case Flow::trap: return true;
    case Flow::next:
    case Flow::clock_read: pending.push_back(next); return true;
    case Flow::branch:
    case Flow::short_branch: pending.insert(pending.end(), {next, target}); return true;
    case Flow::jump: pending.push_back(target); return true;
    default: return false;
  }
}

}  // namespace

bool ninth_register_is_dead(const VdsoImage& image, const VdsoFunction& function, std::uint32_t offset) {
  auto decoder = X86Decoder::open(image.machine(), true);
  if (!decoder || image.machine() != Machine::x86_64) return false;
  std::vector<std::uint32_t> pending{offset};
  std::set<std::uint32_t> visited;
  while (!pending.empty()) {
    const std::uint32_t at = pending.back();
    pending.pop_back();
    if (!visited.insert(at).second) continue;
    const bool known = std::ranges::binary_search(function.instructions, at, {}, &CodeSite::offset);
    const auto instruction = known ? decoder->decode(image.bytes().subspan(at)) : std::nullopt;
    if (!instruction || visited.size() > kMostVisited) return false;
    const Use use = use_of(*decoder);
    if (use == Use::reads) return false;
    if (use == Use::none && !add_successors(*instruction, at, pending)) return false;
  }
  return true;
}

bool ninth_register_is_untouched(const VdsoImage& image, const VdsoFunction& function, std::uint32_t from,
                                 std::uint32_t to) {
  auto decoder = X86Decoder::open(image.machine(), true);
  if (!decoder || image.machine() != Machine::x86_64) return false;
  return std::ranges::all_of(function.instructions, [&](const CodeSite& site) {
    if (site.offset < from || site.offset >= to) return true;
    return decoder->decode(image.bytes().subspan(site.offset)) && use_of(*decoder) == Use::none;
  });
}

}  // namespace vdsotrace
