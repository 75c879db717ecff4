#include "audit/durations.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

constexpr double kLeastBoundNs = 10'000;
constexpr double kMostMedians = 100;
constexpr std::uint64_t kCallsPerInterrupted = 20;

}  // namespace

double longest_uninterrupted_ns(double median_ns) { return std::max(kLeastBoundNs, kMostMedians * median_ns); }

MeasuredCalls measured_calls(const Histogram& durations) {
  MeasuredCalls calls;
  calls.count = durations.count();
  calls.median = static_cast<double>(durations.percentile(50));
  calls.p99 = static_cast<double>(durations.percentile(99));
  calls.longest = static_cast<double>(durations.longest());
  const double bound = longest_uninterrupted_ns(calls.median);
  const Histogram::Part above = durations.above(bound);
  calls.others_ns = durations.up_to(bound).sum;
  if (above.count > std::max<std::uint64_t>(1, durations.count() / kCallsPerInterrupted)) {
    calls.others_ns += above.sum;
    return calls;
  }
  calls.interrupted = above.count;
  calls.interrupted_ns = above.sum;
  return calls;
}

double average_cost_ns(const MeasuredCalls& calls) {
  if (calls.count == 0) return 0;
  return (calls.others_ns + static_cast<double>(calls.interrupted) * calls.median) / static_cast<double>(calls.count);
}

}  // namespace vdsotrace
