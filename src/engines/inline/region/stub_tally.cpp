#include "engines/inline/region/stub_tally.hpp"

#include <algorithm>
#include <utility>

namespace vdsotrace {
namespace {

/// Clock ids and callers come from the program, which can invent any number of them.
constexpr std::size_t kMostTallies = 256;
constexpr std::size_t kMostWithCallers = 8192;
/// Of callers beyond these only the sum of durations is known: histograms take kilobytes.
constexpr std::size_t kMostWithDurations = 1024;

}  // namespace

CallTallies::Key CallTallies::bounded(Key key) {
  const bool is_new = !tallies_.contains(key);
  if (is_new && std::get<3>(key) != 0 && with_callers_ >= kMostWithCallers) std::get<3>(key) = std::get<4>(key) = 0;
  if (std::get<3>(key) != 0) {
    with_callers_ += is_new ? 1 : 0;
  } else if (tallies_.size() - with_callers_ >= kMostTallies && !tallies_.contains(key)) {
    std::get<1>(key) = 0;
  }
  return key;
}

CallTallies::Sum& CallTallies::sum_of(const Key& wanted) {
  if (last_ != nullptr && wanted == last_key_) return *last_;
  const Key key = bounded(wanted);
  const auto [sum, is_new] = tallies_.try_emplace(key);
  last_key_ = key;
  last_ = &sum->second;
  if (!is_new) return *last_;
  last_->has_durations = ++with_durations_ <= kMostWithDurations;
  const auto& [function, clock, route, caller, beyond] = key;
  last_->all = {function, {}, route, 0, 0, 0, caller, beyond};
  // Of clocks that are not kept apart, the first one's.
  if (const std::uint64_t id = std::get<1>(wanted); id != 0) last_->all.clock = static_cast<std::uint32_t>(id - 1);
  return *last_;
}

void CallTallies::add(const StubRecord& record, bool clocked, Route route) {
  const std::uint64_t clock = clocked ? std::uint64_t{static_cast<std::uint32_t>(record.arg0)} + 1 : 0;
  Sum& sum = sum_of({record.function, clock, route, record.caller, record.beyond});
  const std::uint64_t ticks = record.end > record.start ? record.end - record.start : 0;
  if (ticks != 0 && sum.has_durations)
    sum.durations.add(static_cast<std::int64_t>(ticks), record.is_sample ? PATH_SAMPLES : 1);
  if (record.is_sample) return;
  ++sum.all.count;
  if (error_of(record.result) != 0) ++sum.all.errors;
  sum.all.ticks += ticks;
}

void CallTallies::add(const CallTally& counted) {
  const std::uint64_t clock = counted.clock ? std::uint64_t{*counted.clock} + 1 : 0;
  CallTally& sum = sum_of({counted.function, clock, counted.route, counted.caller, counted.beyond}).all;
  sum.count += counted.count;
  sum.ticks += counted.ticks;
}

std::vector<CallTally> CallTallies::take_new() {
  std::vector<CallTally> result;
  for (auto& [key, sum] : tallies_) {
    if (sum.all.count == sum.reported.count) continue;
    CallTally& tally = result.emplace_back(sum.all);
    tally.count -= sum.reported.count;
    tally.errors -= sum.reported.errors;
    tally.ticks -= sum.reported.ticks;
    tally.durations = std::exchange(sum.durations, {});
    sum.reported = sum.all;
  }
  return result;
}

std::uint64_t CallTallies::seen(std::uint8_t function, std::optional<std::uint32_t> clock, bool clocked) const {
  std::uint64_t sum = 0;
  for (const auto& [key, counted] : tallies_) {
    const CallTally& tally = counted.all;
    if (tally.function != function) continue;
    const bool same = tally.clock == clock;
    const bool without_column = clocked && !clock && tally.clock && *tally.clock >= CLOCK_OTHER;
    if (same || without_column) sum += tally.count;
  }
  return sum;
}

}  // namespace vdsotrace
