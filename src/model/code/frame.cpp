#include "model/code/frame.hpp"

namespace vdsotrace {
namespace {

constexpr std::int64_t kWord = 8;

}  // namespace

bool step_out_of_frame(FrameRegisters& registers, const FrameRule& rule, const StackWord& word) {
  const auto base = registers[rule.base];
  if (!base) return false;
  const std::uint64_t frame = *base + static_cast<std::uint64_t>(rule.frame_address);
  const auto stack = registers[kDwarfStackPointer];
  if (!rule.leaves_stack && (!stack || frame <= *stack)) return false;
  const auto return_address = word(frame - kWord);
  if (!return_address) return false;
  FrameRegisters outer;
  for (std::size_t i = 0; i < kPreservedRegisters.size(); ++i) {
    const FrameRule::Preserved& preserved = rule.preserved[i];
    auto& value = outer[kPreservedRegisters[i]];
    if (preserved.how == FrameRule::Keeps::as_it_is) value = registers[kPreservedRegisters[i]];
    if (preserved.how == FrameRule::Keeps::saved) value = word(frame + static_cast<std::uint64_t>(preserved.at));
  }
  outer[kDwarfStackPointer] = frame;
  outer[kDwarfReturnAddress] = return_address;
  registers = outer;
  return true;
}

}  // namespace vdsotrace
