#include "engines/inline/stub_tally.hpp"

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

void CallTallies::add(const StubRecord& record, bool clocked, Route route, std::uint64_t count) {
  const std::uint64_t clock = clocked ? std::uint64_t{static_cast<std::uint32_t>(record.arg0)} + 1 : 0;
  const Key wanted{record.function, clock, route, record.caller, record.beyond};
  if (last_ == nullptr || wanted != last_key_) {
    const Key key = bounded(wanted);
    last_key_ = key;
    last_ = &tallies_[key];
    CallTally& fresh = last_->all;
    if (fresh.count == 0) last_->has_durations = ++with_durations_ <= kMostWithDurations;
    fresh.function = record.function;
    fresh.route = route;
    fresh.caller = std::get<3>(key);
    fresh.beyond = std::get<4>(key);
    if (clock != 0) fresh.clock = static_cast<std::uint32_t>(record.arg0);
  }
  CallTally& tally = last_->all;
  tally.count += count;
  if (error_of(record.result) != 0) tally.errors += count;
  if (record.end <= record.start) return;
  tally.ticks += record.end - record.start;
  if (last_->has_durations) last_->durations.add(static_cast<std::int64_t>(record.end - record.start));
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
