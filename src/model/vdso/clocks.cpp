#include "model/vdso/clocks.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

using enum ClockKind;

constexpr std::int32_t kRealtime = 0, kMonotonic = 1, kRealtimeCoarse = 5, kMonotonicCoarse = 6;

/// Auxiliary clocks have ids from MAX_CLOCKS (16) on since Linux 6.17, where CONFIG_POSIX_AUX_CLOCKS is set. Each
/// exists while /sys/kernel/time/aux_clocks/N/aux_clock_enable says so. That release's vDSO reads them too
/// (lib/vdso/gettimeofday.c, do_aux); of one that is not enabled it asks the kernel, which refuses (ENODEV). The names
/// are those of the kernel's trace events.
constexpr ClockRow kClocks[] = {
    {kRealtime, "CLOCK_REALTIME", precise, false, kRealtimeCoarse},
    {kMonotonic, "CLOCK_MONOTONIC", precise, false, kMonotonicCoarse},
    {2, "CLOCK_PROCESS_CPUTIME_ID", cpu_time},
    {3, "CLOCK_THREAD_CPUTIME_ID", cpu_time},
    {4, "CLOCK_MONOTONIC_RAW", precise},
    {kRealtimeCoarse, "CLOCK_REALTIME_COARSE", coarse},
    {kMonotonicCoarse, "CLOCK_MONOTONIC_COARSE", coarse},
    {7, "CLOCK_BOOTTIME", precise},
    {8, "CLOCK_REALTIME_ALARM", alarm},
    {9, "CLOCK_BOOTTIME_ALARM", alarm},
    {10, "CLOCK_SGI_CYCLE", unknown, true},  // its driver was removed, the id is a place holder
    {11, "CLOCK_TAI", precise},
    {16, "CLOCK_AUX0", auxiliary, true},
    {17, "CLOCK_AUX1", auxiliary, true},
    {18, "CLOCK_AUX2", auxiliary, true},
    {19, "CLOCK_AUX3", auxiliary, true},
    {20, "CLOCK_AUX4", auxiliary, true},
    {21, "CLOCK_AUX5", auxiliary, true},
    {22, "CLOCK_AUX6", auxiliary, true},
    {23, "CLOCK_AUX7", auxiliary, true},
};

}  // namespace

std::span<const ClockRow> known_clocks() { return kClocks; }

const ClockRow* clock_with(std::int32_t id, std::span<const ClockRow> clocks) {
  const auto found = std::ranges::find(clocks, id, &ClockRow::id);
  return found == clocks.end() ? nullptr : &*found;
}

const ClockRow* clock_named(std::string_view name, std::span<const ClockRow> clocks) {
  const auto found = std::ranges::find(clocks, name, &ClockRow::name);
  return found == clocks.end() ? nullptr : &*found;
}

ClockKind kind_of_clock(std::int32_t id, std::span<const ClockRow> clocks) {
  constexpr std::uint32_t kKindBits = 7, kBehindDescriptor = 3, kCpuKinds = 3;
  if (const ClockRow* row = clock_with(id, clocks)) return row->kind;
  if (id >= 0) return unknown;
  const auto bits = static_cast<std::uint32_t>(id);
  if ((bits & kKindBits) == kBehindDescriptor) return dynamic;
  return (bits & 3) < kCpuKinds ? cpu_time : unknown;
}

}  // namespace vdsotrace
