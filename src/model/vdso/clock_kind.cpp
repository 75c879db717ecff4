#include "model/vdso/clock_kind.hpp"

#include <array>

namespace vdsotrace {
namespace {

using enum ClockKind;

/// By id (include/uapi/linux/time.h).
constexpr std::array kFixed{precise,   precise,   cpu_time,  cpu_time,  precise,   coarse,    coarse,    precise,
                            alarm,     alarm,     unknown,   precise,   unknown,   unknown,   unknown,   unknown,
                            auxiliary, auxiliary, auxiliary, auxiliary, auxiliary, auxiliary, auxiliary, auxiliary};

}  // namespace

ClockKind kind_of_clock(std::int32_t id) {
  constexpr std::uint32_t kKindBits = 7, kBehindDescriptor = 3, kCpuKinds = 3;
  if (id >= 0) return static_cast<std::size_t>(id) < kFixed.size() ? kFixed[static_cast<std::size_t>(id)] : unknown;
  const auto bits = static_cast<std::uint32_t>(id);
  if ((bits & kKindBits) == kBehindDescriptor) return dynamic;
  return (bits & 3) < kCpuKinds ? cpu_time : unknown;
}

}  // namespace vdsotrace
