#include "engines/perf/direct_call_points.hpp"

#include <fmt/core.h>

#include <string_view>

#include "model/syscalls/spec.hpp"
#include "os/perf/perf_events.hpp"
#include "vdsotrace/vdso_service.hpp"

namespace vdsotrace {
namespace {

/// Those that a vDSO of that ABI may serve, as far as they are wanted.
std::vector<std::int64_t> wanted_calls(const Selection& selection, Abi abi) {
  std::vector<std::int64_t> calls;
  for (std::uint32_t index = 0; index < kCallNumbers; ++index) {
    const auto nr = static_cast<std::uint32_t>(index | number_bit(abi));
    const CallSpec* spec = spec_of(abi, nr);
    if (spec != nullptr && service_of_syscall(spec->name) != nullptr && selection.wants_number(abi, nr, true))
      calls.push_back(nr);
  }
  return calls;
}

Result<DirectCallPoint> find_point(std::string_view folder, std::string_view name, bool durations,
                                   const FindTracePoint& find) {
  DirectCallPoint point;
  const auto returned = find(fmt::format("{}/sys_exit{}", folder, name));
  if (!returned) return tl::unexpected(returned.error());
  point.returned = *returned;
  if (!durations) return point;
  const auto entered = find(fmt::format("{}/sys_enter{}", folder, name));
  if (!entered) return tl::unexpected(entered.error());
  point.entered = *entered;
  return point;
}

}  // namespace

Result<std::vector<DirectCallPoint>> find_direct_call_points(const Needs& needs, const DirectCallMeans& means,
                                                             const FindTracePoint& find) {
  const auto calls = wanted_calls(needs.selection, means.abi);
  std::vector<DirectCallPoint> points;
  if (means.filters) {
    if (calls.empty()) return points;
    auto point = find_point("raw_syscalls", "", needs.durations, find);
    if (!point) return tl::unexpected(point.error());
    point->filter = only_system_calls(calls);
    points.push_back(std::move(*point));
    return points;
  }
  for (const std::int64_t nr : calls) {
    const auto name = spec_of(means.abi, static_cast<std::uint32_t>(nr))->name;
    auto point = find_point("syscalls", fmt::format("_{}", name), needs.durations, find);
    if (!point) return tl::unexpected(point.error());
    points.push_back(std::move(*point));
  }
  return points;
}

}  // namespace vdsotrace
