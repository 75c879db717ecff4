#include "engines/stub_tally.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

/// Clock ids and callers come from the program, which can invent any number of them.
constexpr std::size_t kMostTallies = 256;
constexpr std::size_t kMostWithCallers = 8192;

}  // namespace

void CallTallies::add(const StubRecord& record, bool clocked, Route route) {
  const std::uint64_t clock = clocked ? std::uint64_t{static_cast<std::uint32_t>(record.arg0)} + 1 : 0;
  Key key{record.function, clock, route, record.caller, record.beyond};
  if (last_ == nullptr || key != last_key_) {
    const bool is_new = !tallies_.contains(key);
    if (is_new && record.caller != 0 && with_callers_ >= kMostWithCallers) std::get<3>(key) = std::get<4>(key) = 0;
    if (std::get<3>(key) != 0) {
      with_callers_ += is_new ? 1 : 0;
    } else if (tallies_.size() - with_callers_ >= kMostTallies && !tallies_.contains(key)) {
      std::get<1>(key) = 0;
    }
    last_key_ = key;
    last_ = &tallies_[key].all;
    last_->function = record.function;
    last_->route = route;
    last_->caller = std::get<3>(key);
    last_->beyond = std::get<4>(key);
    if (clock != 0) last_->clock = static_cast<std::uint32_t>(record.arg0);
  }
  ++last_->count;
  if (error_of(record.result) != 0) ++last_->errors;
  if (record.end > record.start) last_->ticks += record.end - record.start;
}

std::vector<CallTally> CallTallies::take_new() {
  std::vector<CallTally> result;
  for (auto& [key, sum] : tallies_) {
    if (sum.all.count == sum.told.count) continue;
    CallTally& tally = result.emplace_back(sum.all);
    tally.count -= sum.told.count;
    tally.errors -= sum.told.errors;
    tally.ticks -= sum.told.ticks;
    sum.told = sum.all;
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
