#include "engines/perf/sampled_calls.hpp"

#include <utility>

namespace vdsotrace {

std::optional<SampledCalls::Returned> SampledCalls::add(const PerfSample& sample, const DirectCallEvent& event) {
  const auto nr = parse_system_call_number(sample.raw);
  if (!nr || counted_.try_emplace(*nr, event.opened_for).first->second != event.opened_for) return std::nullopt;
  if (event.moment == DirectCallEvent::Moment::entered) {
    entered_ns_ = sample.time_ns;
    return std::nullopt;
  }
  const std::int64_t entered_ns = std::exchange(entered_ns_, 0);
  const auto result = parse_system_call_result(sample.raw);
  return result ? std::optional(Returned{*nr, *result, entered_ns}) : std::nullopt;
}

}  // namespace vdsotrace
