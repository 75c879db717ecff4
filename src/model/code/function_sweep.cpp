#include "model/code/function_sweep.hpp"
#include "model/code/x86.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

constexpr std::uint8_t kReadStart = 1;      ///< an instruction that was read begins here
constexpr std::uint8_t kFollowedStart = 2;  ///< and direct flow leads to it
constexpr std::uint8_t kReached = 4;        ///< a byte of one of those

constexpr unsigned kLengthShift = 4;  ///< above: how long the instruction is that begins here

void sort_unique(std::vector<std::uint64_t>& addresses) {
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
}

/// `jmp *slot(%rip)`: how code leaves for another function, through a linkage table.
bool jumps_through_slot(std::span<const std::byte> code) {
  constexpr std::size_t kTail = 6;  // ff 25 and a displacement
  return code.size() >= kTail && code[code.size() - kTail] == std::byte{0xff} &&
         code[code.size() - kTail + 1] == std::byte{0x25};
}

}  // namespace

FunctionSweep::FunctionSweep(std::span<const std::byte> code, std::uint64_t address)
    : code_(code), address_(address), marks_(code.size()) {}

bool FunctionSweep::is_reached(std::uint64_t address) const {
  const std::uint64_t offset = address - address_;
  return offset < marks_.size() && (marks_[offset] & kReached) != 0;
}

bool FunctionSweep::is_start(std::uint64_t address) const {
  const std::uint64_t offset = address - address_;
  return offset < marks_.size() && (marks_[offset] & kFollowedStart) != 0;
}

std::optional<std::uint64_t> FunctionSweep::start_before(std::uint64_t address) const {
  const std::uint64_t end = address - address_;
  if (end > marks_.size()) return std::nullopt;
  for (std::uint64_t size = 1; size <= std::min(end, kLongestInstruction); ++size) {
    const std::uint8_t mark = marks_[end - size];
    if ((mark & kFollowedStart) == 0) continue;
    return mark >> kLengthShift == size ? std::optional(address - size) : std::nullopt;
  }
  return std::nullopt;
}

void FunctionSweep::follow(X86Decoder& decoder, std::uint64_t address) {
  if (address - address_ >= code_.size()) complete_ = false;
  to_follow_.push_back(address - address_);
  while (!to_follow_.empty()) {
    const std::uint64_t offset = to_follow_.back();
    to_follow_.pop_back();
    walk(decoder, offset, true);
  }
  while (!to_read_.empty()) {
    const std::uint64_t offset = to_read_.back();
    to_read_.pop_back();
    walk(decoder, offset, false);
  }
  sort_unique(ends_);
  sort_unique(targets_);
}

void FunctionSweep::walk(X86Decoder& decoder, std::uint64_t offset, bool by_flow) {
  const std::uint8_t known = by_flow ? kFollowedStart : kReadStart;
  while (offset < code_.size() && (marks_[offset] & known) == 0) {
    const auto instruction = decoder.decode(code_.subspan(offset));
    if (!instruction) {
      complete_ = false;
      return;
    }
    marks_[offset] |= static_cast<std::uint8_t>(kReadStart | known | instruction->length << kLengthShift);
    if (!visit(offset, *instruction, by_flow)) return;
    offset += instruction->length;
  }
}

bool FunctionSweep::visit(std::uint64_t offset, const Instruction& instruction, bool by_flow) {
  const std::uint64_t end = offset + instruction.length;
  if (by_flow) {
    for (std::uint64_t at = offset; at < end; ++at) marks_[at] |= kReached;
  }
  auto& pending = by_flow ? to_follow_ : to_read_;
  switch (instruction.flow) {
    case Flow::jump:
    case Flow::branch:
    case Flow::short_branch:
    case Flow::call: {
      const std::uint64_t target = end + static_cast<std::uint64_t>(std::int64_t{instruction.displacement});
      pending.push_back(target);
      if (by_flow && target >= code_.size()) exits_.push_back(address_ + target);
      if (instruction.flow != Flow::call) targets_.push_back(address_ + target);
      if (instruction.flow != Flow::jump) return true;
      break;
    }
    case Flow::indirect_jump:
      if (!jumps_through_slot(code_.subspan(offset, instruction.length))) jumps_by_table_ = true;
      break;
    case Flow::ret:
    case Flow::trap: break;
    // Of what is not expected in a vDSO, most goes on.
    default: return true;
  }
  if (!by_flow) return true;
  ends_.push_back(address_ + end);
  to_read_.push_back(end);
  return false;
}

}  // namespace vdsotrace
