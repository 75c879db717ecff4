#include "engines/inline/region/caller_paths.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

/// Paths come from the program, which can invent any number of them.
constexpr std::size_t kMostSeen = 4096;
/// The threshold doubles whenever so many counters more are in use.
constexpr std::size_t kCountersAStep = 32;

static_assert(RECORD_LONG_WINDOW_WORDS * sizeof(std::uint64_t) <= PATH_OFFSET_MASK);
static_assert((PATH_CALL_MASK & RECORD_FALLBACK_FLAG) != 0 && FUNCTIONS_MAX <= RECORD_FALLBACK_FLAG);
static_assert((PATH_CALL_MASK >> PATH_CLOCK_SHIFT) == 0 && (PATH_IS_CALL & GOROUTINE_FRAME) == 0);

/// The state in which the stub looks the return address up. Nothing where it does not.
std::optional<std::uint64_t> first_state(const StubRecord& record) {
  if (record.goroutine_stack == 0) return PATH_IS_CALL;
  const std::uint64_t frame = record.frame_pointer - record.goroutine_stack;
  if (frame >= GOROUTINE_FRAME) return std::nullopt;
  return PATH_IS_CALL + frame + 1;
}

/// PATH_CALL
std::uint64_t call_of(const CallTally& calls) {
  return calls.function | (calls.route == Route::fallback ? RECORD_FALLBACK_FLAG : 0u) |
         std::uint64_t{calls.clock.value_or(0)} << PATH_CLOCK_SHIFT;
}

std::uint64_t state_at(const WordsLookedAt::Word& word) {
  return PATH_GOES_ON | word.offset | (word.relative ? PATH_RELATIVE : 0u);
}

bool same_calls(const CallTally& one, const CallTally& other) {
  return one.function == other.function && one.clock == other.clock && one.route == other.route &&
         one.caller == other.caller && one.beyond == other.beyond;
}

std::size_t first_slot(const std::pair<std::uint64_t, std::uint64_t>& edge) {
  return static_cast<std::uint32_t>((edge.first + edge.second) * HASH_FACTOR) >> PATHS_HASH_SHIFT;
}

std::size_t offset_of(std::size_t slot) { return REGION_PATHS + (slot << PATH_LOG2); }

}  // namespace

std::optional<std::uint64_t> WordsLookedAt::word(std::uint64_t address) {
  const auto found = window_.word(address);
  if (!found) {
    missed_ = missed_ || window_.is_cut_off();
    return found;
  }
  const std::uint64_t offset = address - window_.from();
  if (std::any_of(begin(), end(), [offset](const Word& word) { return word.offset == offset; })) return found;
  const bool relative = *found >= window_.from() && *found < window_.stack_end();
  words_[count_++] = {offset, relative ? *found - window_.from() : *found, relative};
  return found;
}

void CallerPaths::note(const StubRecord& record, bool clocked, const WordsLookedAt& words) {
  const auto state = first_state(record);
  if (!state || !words.are_a_path()) return;
  const Route route = record.fallback ? Route::fallback : Route::vdso;
  CallTally calls{record.function, {}, route, 0, 0, 0, record.caller, record.beyond};
  if (clocked) calls.clock = static_cast<std::uint32_t>(record.arg0);
  const Edge first{*state, record.return_address};
  if (comes_often(call_of(calls), first, words)) write(calls, first, words);
}

bool CallerPaths::comes_often(std::uint64_t call, const Edge& first, const WordsLookedAt& words) {
  std::uint64_t hash = 0;
  const auto mix = [&hash](std::uint64_t value) {
    hash = (hash ^ value) * 0x100000001b3;  // FNV-1a's prime
    hash ^= hash >> 32;
  };
  mix(call);
  mix(first.first);
  mix(first.second);
  for (const WordsLookedAt::Word& word : words) {
    mix(state_at(word));
    mix(word.value);
  }
  if (records_.size() >= kMostSeen && !records_.contains(hash)) records_.clear();
  const std::uint32_t threshold = timed_ ? kFirstTimedThreshold : kFirstThreshold;
  return ++records_[hash] >= threshold << (taken_.size() / kCountersAStep);
}

/// As far as the path is new. Threads that come before its end is there make records.
void CallerPaths::write(const CallTally& calls, Edge edge, const WordsLookedAt& words) {
  constexpr std::uint64_t kNumbers = ~std::uint64_t{0} << PATH_NUMBER_SHIFT & ~PATH_GOES_ON;
  for (const WordsLookedAt::Word& word : words) {
    auto known = edges_.find(edge);
    if (known == edges_.end()) {
      const auto slot = free_slot(first_slot(edge));
      if (!slot) return;
      const std::uint64_t next = state_at(word) | ++last_number_ << PATH_NUMBER_SHIFT;
      put(*slot, edge, next, 0);
      known = edges_.emplace(edge, Lead{*slot, next, {}}).first;
    }
    // The same words have led elsewhere, or another kind of value lies here: not a matter of words alone.
    if ((known->second.next & ~kNumbers) != state_at(word)) return;
    edge = {known->second.next, word.value};
  }
  write_end(calls, edge);
}

void CallerPaths::write_end(const CallTally& calls, const Edge& edge) {
  const auto known = edges_.find(edge);
  if (known != edges_.end() && (known->second.next != 0 || known->second.calls.contains(call_of(calls)))) return;
  const auto slot = free_slot(known == edges_.end() ? first_slot(edge) : known->second.slot + 1);
  const auto counter = slot ? counter_of(calls) : std::nullopt;
  if (!counter) return;
  put(*slot, edge, *counter, call_of(calls));
  edges_.try_emplace(edge, Lead{*slot, 0, {}}).first->second.calls.insert(call_of(calls));
}

/// Among those where the stub looks.
std::optional<std::size_t> CallerPaths::free_slot(std::size_t first) const {
  const auto begin = used_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto free = std::find(begin, begin + PATH_PROBES, false);
  if (free == begin + PATH_PROBES) return std::nullopt;
  return static_cast<std::size_t>(free - used_.begin());
}

void CallerPaths::put(std::size_t slot, const Edge& edge, std::uint64_t next, std::uint64_t call) {
  used_[slot] = true;
  memory_.store<std::uint64_t>(offset_of(slot) + PATH_VALUE, edge.second);
  memory_.store<std::uint64_t>(offset_of(slot) + PATH_CALL, call);
  memory_.store<std::uint64_t>(offset_of(slot) + PATH_NEXT, next);
  memory_.store<std::uint64_t>(offset_of(slot) + PATH_STATE, edge.first);
}

/// Paths that lead to the same callers share one.
std::optional<std::uint64_t> CallerPaths::counter_of(const CallTally& calls) {
  auto counter = std::ranges::find_if(taken_, [&](const CallTally& one) { return same_calls(one, calls); });
  if (counter == taken_.end()) {
    if ((taken_.size() + 1) * counter_bytes() > BLOCK_PATHS_END - BLOCK_PATHS) return std::nullopt;
    const CallTally before = counted(taken_.size());
    counter = taken_.insert(taken_.end(), calls);
    counter->count = before.count;
    counter->ticks = before.ticks;
  }
  return BLOCK_PATHS + static_cast<std::size_t>(counter - taken_.begin()) * counter_bytes();
}

void CallerPaths::forget() {
  ++age_;
  for (std::size_t slot = 0; slot < used_.size(); ++slot) {
    if (used_[slot]) memory_.store<std::uint64_t>(offset_of(slot) + PATH_STATE, 0);
  }
  std::fill(used_.begin(), used_.end(), false);
  edges_.clear();
  records_.clear();
}

CallTally CallerPaths::counted(std::size_t counter) const {
  CallTally sum;
  for (std::size_t number = 0; number < blocks_.used(); ++number) {
    const std::size_t at = blocks_[number].offset + BLOCK_PATHS + counter * counter_bytes();
    sum.count += memory_.load<std::uint64_t>(at);
    if (timed_) sum.ticks += memory_.load<std::uint64_t>(at + PATH_TICKS);
  }
  return sum;
}

std::vector<CallTally> CallerPaths::take_new() {
  std::vector<CallTally> result;
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const CallTally now = counted(i);
    if (now.count <= taken_[i].count) continue;
    CallTally& fresh = result.emplace_back(taken_[i]);
    fresh.count = now.count - taken_[i].count;
    fresh.ticks = now.ticks - std::min(now.ticks, taken_[i].ticks);
    taken_[i].count = now.count;
    taken_[i].ticks = now.ticks;
  }
  return result;
}

}  // namespace vdsotrace
