#include "engines/stub_frame.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace vdsotrace {
namespace {

/// A vDSO function and what it calls use less stack than this.
constexpr std::size_t kDeepest = 2048;

}  // namespace

std::optional<StubRecord> interrupted_call(StoppedThread& stopped, const StubPlan& plan, std::uint64_t code) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return std::nullopt;
  std::array<std::byte, kDeepest> stack;
  const std::uint64_t bottom = arch::stack_pointer(*registers);
  const std::size_t size = stopped.memory().read(bottom, stack);
  const auto word = [&](std::size_t at) {
    std::uint64_t value;
    std::memcpy(&value, stack.data() + at, sizeof value);
    return value;
  };
  for (std::size_t at = 0; at + STUB_FRAME_ENTRY + sizeof(std::uint64_t) <= size; at += sizeof(std::uint64_t)) {
    const auto stub = std::ranges::find_if(plan.stubs, [&](const PlacedStub& candidate) {
      return candidate.back != 0 && code + candidate.back == word(at);
    });
    if (stub == plan.stubs.end()) continue;
    StubRecord record;
    record.function = stub->function;
    record.start = word(at + STUB_FRAME_START);
    record.arg0 = word(at + STUB_FRAME_ARG0);
    record.arg1 = word(at + STUB_FRAME_ARG1);
    record.arg2 = word(at + STUB_FRAME_ARG2);
    record.stack = bottom + at + STUB_FRAME_ENTRY;
    record.return_address = word(at + STUB_FRAME_ENTRY);
    return record;
  }
  return std::nullopt;
}

}  // namespace vdsotrace
