#pragma once

#include <sys/time.h>

#include <cstdint>
#include <ctime>

namespace vdsotrace {

inline std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
inline std::int64_t ns_of(const timeval& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_usec} * 1000;
}
/// Nanoseconds since boot, for durations.
inline std::int64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }
/// Nanoseconds since 1970, for time stamps.
inline std::int64_t realtime_ns() { return clock_ns(CLOCK_REALTIME); }

}  // namespace vdsotrace
