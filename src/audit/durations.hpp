// What calls whose durations were measured have cost, without what interrupted them.
#pragma once

#include <cstdint>

#include "base/histogram.hpp"

namespace vdsotrace {

/// Of one kind of call; all in ns.
struct MeasuredCalls {
  std::uint64_t count = 0;
  double median = 0;
  double p99 = 0;
  double longest = 0;
  std::uint64_t interrupted = 0;  ///< calls during which the processor did something else for long
  double interrupted_ns = 0;      ///< what these took in all
  double others_ns = 0;           ///< what the others took in all
};

/// The longest that a call whose median is `median_ns` takes by itself.
///
/// Something else runs within a call at the timer tick (CONFIG_HZ: at most 1,000 a second), at interrupts of devices
/// and when its thread is preempted. What takes no more than the bound counts in full, so at 1,000 interruptions a
/// second they add at most 1,000 times the bound to each second that is spent in calls: 1 % at 10 us. A page fault at a
/// first call, or the repeats of a seqlock while the kernel writes, take one or two us, so they are below it and count.
/// Above a median of 100 ns the spread of calls grows with them (locks, caches, a call of the hypervisor): then the
/// bound is 100 medians. For a fallback of 1 us that is 100 us, still a seventh of the shortest time for which the
/// scheduler lets another thread run (base_slice_ns of kernel/sched/fair.c, 0.7 ms).
double longest_uninterrupted_ns(double median_ns);

/// Interruptions are rare: where more than one call of 20 is above the bound (or more than one of fewer), the calls
/// themselves are of two kinds, and none counts as interrupted.
MeasuredCalls measured_calls(const Histogram& durations);

/// What such a call has cost by itself on average: each what it took, one that was interrupted the median.
double average_cost_ns(const MeasuredCalls& calls);

}  // namespace vdsotrace
