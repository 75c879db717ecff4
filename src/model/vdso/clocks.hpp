// What is known of each clock that an id can name (clock_gettime(2), include/uapi/linux/time.h,
// include/linux/posix-timers.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vdsotrace {

enum class ClockKind : std::uint8_t {
  // What a vDSO may serve.
  precise,    ///< read from the clocksource: REALTIME, MONOTONIC, MONOTONIC_RAW, BOOTTIME, TAI
  coarse,     ///< as of the last tick
  auxiliary,  ///< read from the clocksource too, where it is enabled: CLOCK_AUX0 to CLOCK_AUX7
  // What none serves.
  cpu_time,  ///< of a process or thread, also of another one
  alarm,     ///< also wakes the system up
  dynamic,   ///< behind a file descriptor
  unknown,
};

/// Whether clocks of that kind are had from the clocksource: in user space if that can be read there.
constexpr bool reads_clocksource(ClockKind kind) { return kind == ClockKind::precise || kind == ClockKind::auxiliary; }

/// A clock with a fixed id.
struct ClockRow {
  std::int32_t id;
  std::string_view name;
  ClockKind kind;
  bool is_optional = false;              ///< some kernels do not know its id
  std::optional<std::int32_t> coarse{};  ///< the clock with the same zero that is read as of the last tick
};

/// By id.
std::span<const ClockRow> known_clocks();
/// The clock of that id, or that name; null where it is none of the table.
const ClockRow* clock_with(std::int32_t id, std::span<const ClockRow> clocks = known_clocks());
const ClockRow* clock_named(std::string_view name, std::span<const ClockRow> clocks = known_clocks());

/// Of any id, also of those that programs make of a process, a thread or a descriptor.
ClockKind kind_of_clock(std::int32_t id, std::span<const ClockRow> clocks = known_clocks());

}  // namespace vdsotrace
