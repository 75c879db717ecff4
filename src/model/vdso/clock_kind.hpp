// What sort of clock an id names (clock_gettime(2), include/linux/posix-timers.h).
#pragma once

#include <cstdint>

namespace vdsotrace {

enum class ClockKind : std::uint8_t {
  precise,   ///< read from the clocksource: REALTIME, MONOTONIC, MONOTONIC_RAW, BOOTTIME, TAI
  coarse,    ///< as of the last tick
  cpu_time,  ///< of a process or thread, also of another one
  alarm,
  auxiliary,  ///< Linux 6.17
  dynamic,    ///< behind a file descriptor
  unknown,
};

ClockKind kind_of_clock(std::int32_t id);

}  // namespace vdsotrace
