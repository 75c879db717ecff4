// Moves x86 instructions to another address.
#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/core.h>

#include "model/code/jumps.hpp"
#include "model/code/x86.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kNearBranch = 6;  // 0f 8x rel32

class Mover {
 public:
  Mover(X86Decoder decoder, std::span<const std::byte> run, std::uint64_t from, std::uint64_t to)
      : decoder_(std::move(decoder)), run_(run), from_(from), to_(to) {}

  Result<RelocatedCode> move() {
    while (at_ < run_.size()) {
      const auto instruction = decoder_.decode(run_.subspan(at_));
      if (!instruction) return refuse("is no whole instruction");
      out_.map.push_back(here());
      if (auto ok = move(*instruction, run_.subspan(at_, instruction->length)); !ok) {
        return tl::unexpected(ok.error());
      }
      at_ += instruction->length;
    }
    out_.map.push_back(here());
    if (auto ok = jump_to(from_ + run_.size()); !ok) return tl::unexpected(ok.error());
    return std::move(out_);
  }

 private:
  Result<void> move(const Instruction& instruction, std::span<const std::byte> code) {
    const std::uint64_t target = from_ + at_ + code.size() + instruction.displacement;
    switch (instruction.flow) {
      case Flow::next:
      case Flow::clock_read:
      case Flow::system_call:
      case Flow::ret:
      case Flow::trap:
      case Flow::indirect_jump: return copy(code);
      case Flow::jump:
      case Flow::branch:
        if (instruction.prefixed) return refuse("is a branch with a prefix");
        if (reduce(target - from_) < run_.size()) return refuse("is a branch into what is moved");
        return instruction.flow == Flow::jump ? jump_to(target) : branch_to(target, code);
      case Flow::short_branch: return refuse("is a branch of 8 bits that has no longer form");
      case Flow::call:
        if (!decoder_.wide() && !instruction.prefixed) return call_as_from_there(target);
        [[fallthrough]];
      case Flow::indirect_call: return refuse("is a call: its return address would change");
      case Flow::sysenter: return refuse("is sysenter: the kernel returns to a fixed address");
      case Flow::strange: break;
    }
    return refuse("is not expected in a vDSO function");
  }

  Result<void> copy(std::span<const std::byte> code) {
    const std::size_t start = out_.bytes.size();
    out_.bytes.insert(out_.bytes.end(), code.begin(), code.end());
    if (!decoder_.wide()) return {};
    const cs_x86& x86 = decoder_.raw().detail->x86;
    const std::size_t modrm = x86.encoding.modrm_offset;
    // mod 00, r/m 101: what follows is a displacement from the next instruction.
    const bool relative = modrm != 0 && (code[modrm] & std::byte{0xc7}) == std::byte{0x05};
    if (!relative && !names_pc(x86)) return {};
    if (!relative || x86.addr_size != 8 || modrm + 5 > code.size()) {
      return refuse("has an address that cannot be adjusted");
    }
    std::int32_t displacement;
    std::memcpy(&displacement, code.data() + modrm + 1, sizeof displacement);
    const auto distance = static_cast<std::int64_t>((from_ + at_ + displacement) - (to_ + start));
    if (distance != static_cast<std::int32_t>(distance)) {
      return refuse("refers to an address out of reach");
    }
    store32(start + modrm + 1, static_cast<std::int32_t>(distance));
    return {};
  }

  /// Whether Capstone knows of an operand relative to the program counter.
  static bool names_pc(const cs_x86& x86) {
    return std::any_of(x86.operands, x86.operands + x86.op_count, [](const cs_x86_op& operand) {
      return operand.type == X86_OP_MEM && (operand.mem.base == X86_REG_RIP || operand.mem.base == X86_REG_EIP);
    });
  }

  Result<void> jump_to(std::uint64_t target) {
    out_.bytes.push_back(std::byte{0xe9});
    return append_displacement(target, kNearJumpSize);
  }

  /// A 32-bit function that is about to learn its own address: call the next instruction, add to the return address
  /// what is missing, go on where the call led. Neither flags nor the stack below matter at a call.
  Result<void> call_as_from_there(std::uint64_t target) {
    constexpr std::size_t kNearCall = 5;  // e8 rel32
    const std::uint64_t back = from_ + at_ + kNearCall;
    const std::uint64_t pushed = to_ + out_.bytes.size() + kNearCall;
    constexpr std::array<std::uint8_t, 8> kCallNextAndAdd{0xe8, 0, 0, 0, 0, 0x81, 0x04, 0x24};
    const auto code = std::as_bytes(std::span(kCallNextAndAdd));
    out_.bytes.insert(out_.bytes.end(), code.begin(), code.end());
    const std::size_t field = out_.bytes.size();
    out_.bytes.resize(field + sizeof(std::int32_t));
    store32(field, static_cast<std::int32_t>(back - pushed));
    return jump_to(target);
  }

  Result<void> branch_to(std::uint64_t target, std::span<const std::byte> code) {
    const std::byte condition = (code[0] == std::byte{0x0f} ? code[1] : code[0]) & std::byte{0x0f};
    out_.bytes.insert(out_.bytes.end(), {std::byte{0x0f}, std::byte{0x80} | condition});
    return append_displacement(target, kNearBranch);
  }

  /// Completes the branch of `length` bytes whose opcode has just been written.
  Result<void> append_displacement(std::uint64_t target, std::size_t length) {
    const std::size_t field = out_.bytes.size();
    const std::uint64_t end = to_ + field - (length - 4) + length;
    const auto distance = static_cast<std::int64_t>(target - end);
    const auto displacement = static_cast<std::int32_t>(distance);
    // 32-bit addresses wrap around, so everything is in reach of everything.
    if (decoder_.wide() && displacement != distance) return refuse("leads to a target out of reach");
    out_.bytes.resize(field + 4);
    store32(field, displacement);
    return {};
  }

  void store32(std::size_t at, std::int32_t value) { std::memcpy(out_.bytes.data() + at, &value, sizeof value); }
  std::uint64_t reduce(std::uint64_t address) const {
    return decoder_.wide() ? address : static_cast<std::uint32_t>(address);
  }
  RelocatedCode::Pair here() const {
    return {static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(out_.bytes.size())};
  }
  tl::unexpected<Error> refuse(std::string_view why) const {
    return fail(fmt::format("cannot move the code at {:#x}: what is at +{:#x} {}", from_, at_, why));
  }

  X86Decoder decoder_;
  std::span<const std::byte> run_;
  std::uint64_t from_;
  std::uint64_t to_;
  std::size_t at_ = 0;  ///< offset in run_
  RelocatedCode out_;
};

}  // namespace

Result<RelocatedCode> relocate(Machine machine, std::span<const std::byte> run, std::uint64_t from, std::uint64_t to) {
  if (!is_x86(machine)) {
    return fail(fmt::format("cannot move code of machine {}", name_of(machine)));
  }
  auto decoder = X86Decoder::open(machine, true);
  if (!decoder) return tl::unexpected(decoder.error());
  return Mover(std::move(*decoder), run, from, to).move();
}

}  // namespace vdsotrace
