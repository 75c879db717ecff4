// Kinds for clocks, timers and time limits.
#pragma once

#include <ctime>

#include <sys/time.h>

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

/// {it_interval={tv_sec=1, tv_nsec=2}, it_value={tv_sec=3, tv_nsec=4}}
void print_itimerspec(ArgContext& c, const itimerspec& value);
/// {it_interval={tv_sec=1, tv_usec=2}, it_value={tv_sec=3, tv_usec=4}}
void print_itimerval(ArgContext& c, const itimerval& value);
/// The sigevent at `address`: how a timer or message queue reports its event.
void print_sigevent_at(ArgContext& c, std::uint64_t address);

/// CLOCK_MONOTONIC
void print_clock(ArgContext& c, std::int32_t id);

extern const ArgKind kClockId;
extern const ArgKind kTimezone;  ///< {tz_minuteswest=0, tz_dsttime=0}
extern const ArgKind kTimezoneOut;
extern const ArgKind kItimerspecAt;
extern const ArgKind kItimerspecAtOut;
extern const ArgKind kItimervalAt;
extern const ArgKind kItimervalAtOut;
extern const ArgKind kTimexAtOut;  ///< struct timex of adjtimex
extern const ArgKind kTmsAtOut;    ///< struct tms of times
extern const ArgKind kSigevent;
extern const ArgKind kTimeAtOut;  ///< [1619316657 /* 2021-04-25T04:10:57+0200 */]

/// "(TIME_OK)": what the clock's state, the result of adjtimex, means.
void comment_clock_state(ArgContext& c);
/// "(2021-04-25T04:10:57+0200)": a result in seconds as local time.
void comment_date(ArgContext& c);

}  // namespace vdsotrace
