#include "engines/stub_tally.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

/// No vDSO function uses more stack than this before it makes its system call.
constexpr std::uint64_t kDeepest = 1024;
constexpr std::size_t kMostPending = 64;
/// Clock ids and callers come from the program, which can invent any number of them.
constexpr std::size_t kMostTallies = 256;
constexpr std::size_t kMostWithCallers = 8192;

}  // namespace

void PendingFallbacks::add(const StubRecord& fallback) {
  if (stacks_.size() == kMostPending) stacks_.erase(stacks_.begin());
  stacks_.push_back(fallback.stack);
}

bool PendingFallbacks::take(std::uint64_t stack_pointer) {
  return std::erase_if(stacks_, [&](std::uint64_t stack) {
           return stack < stack_pointer && stack_pointer - stack <= kDeepest;
         }) != 0;
}

void CallTallies::add(const StubRecord& record, bool clocked, Route route) {
  const std::uint64_t clock = clocked ? std::uint64_t{static_cast<std::uint32_t>(record.arg0)} + 1 : 0;
  Key key{record.function, clock, route, record.caller};
  if (last_ == nullptr || key != last_key_) {
    const bool is_new = !tallies_.contains(key);
    if (is_new && record.caller != 0 && with_callers_ >= kMostWithCallers) std::get<3>(key) = 0;
    if (std::get<3>(key) != 0) {
      with_callers_ += is_new ? 1 : 0;
    } else if (tallies_.size() - with_callers_ >= kMostTallies && !tallies_.contains(key)) {
      std::get<1>(key) = 0;
    }
    last_key_ = key;
    last_ = &tallies_[key];
    last_->function = record.function;
    last_->route = route;
    last_->caller = std::get<3>(key);
    if (clock != 0) last_->clock = static_cast<std::uint32_t>(record.arg0);
  }
  ++last_->count;
  if (error_of(record.result) != 0) ++last_->errors;
  if (record.end > record.start) last_->ticks += record.end - record.start;
}

std::vector<CallTally> CallTallies::all() const {
  std::vector<CallTally> result;
  for (const auto& [key, tally] : tallies_) result.push_back(tally);
  return result;
}

std::uint64_t CallTallies::seen(std::uint8_t function, std::optional<std::uint32_t> clock, bool clocked) const {
  std::uint64_t sum = 0;
  for (const auto& [key, tally] : tallies_) {
    if (tally.function != function) continue;
    const bool same = tally.clock == clock;
    const bool without_column = clocked && !clock && tally.clock && *tally.clock >= CLOCK_OTHER;
    if (same || without_column) sum += tally.count;
  }
  return sum;
}

}  // namespace vdsotrace
