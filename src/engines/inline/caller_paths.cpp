#include "engines/inline/caller_paths.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

/// Paths come from the program, which can invent any number of them.
constexpr std::size_t kMostSeen = 4096;
/// The threshold doubles whenever so many counters more are in use.
constexpr std::size_t kCountersAStep = 32;

static_assert(RECORD_LONG_WINDOW_WORDS * sizeof(std::uint64_t) <= PATH_OFFSET_MASK);
static_assert((PATH_CALL_MASK & RECORD_FALLBACK_FLAG) != 0 && FUNCTIONS_MAX <= RECORD_FALLBACK_FLAG);
static_assert(PATH_CLOCK_SHIFT + 32 <= PATH_FRAME_SHIFT);

/// The state in which the stub looks the return address up. Nothing where it does not.
std::optional<std::uint64_t> state_of(const StubRecord& record, bool clocked) {
  std::uint64_t state = PATH_IS_CALL | record.function | (record.fallback ? RECORD_FALLBACK_FLAG : 0u);
  if (clocked) state |= (record.arg0 & ~std::uint32_t{0}) << PATH_CLOCK_SHIFT;
  if (record.goroutine_stack == 0) return state;
  const std::uint64_t frame = record.frame_pointer - record.goroutine_stack;
  if (frame >= GOROUTINE_FRAME) return std::nullopt;
  return state | (frame + 1) << PATH_FRAME_SHIFT;
}

std::uint64_t state_at(const WordsLookedAt::Word& word) {
  return PATH_GOES_ON | word.offset | (word.relative ? PATH_RELATIVE : 0u);
}

bool same_calls(const CountedCalls& one, const CountedCalls& other) {
  return one.function == other.function && one.clock == other.clock && one.route == other.route &&
         one.caller == other.caller && one.beyond == other.beyond;
}

std::size_t first_slot(std::uint64_t state, std::uint64_t value) {
  return static_cast<std::uint32_t>((state + value) * HASH_FACTOR) >> PATHS_HASH_SHIFT;
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
  const auto state = state_of(record, clocked);
  if (!state || !words.are_a_path() || !comes_often(*state, record, words)) return;
  CountedCalls calls{record.function, {}, record.fallback ? Route::fallback : Route::vdso, record.caller,
                     record.beyond,   0};
  if (clocked) calls.clock = static_cast<std::uint32_t>(record.arg0);
  write(*state, calls, record.return_address, words);
}

bool CallerPaths::comes_often(std::uint64_t call, const StubRecord& record, const WordsLookedAt& words) {
  std::uint64_t hash = 0;
  const auto mix = [&hash](std::uint64_t value) {
    hash = (hash ^ value) * 0x100000001b3;  // FNV-1a's prime
    hash ^= hash >> 32;
  };
  mix(call);
  mix(record.return_address);
  for (const WordsLookedAt::Word& word : words) {
    mix(state_at(word));
    mix(word.value);
  }
  if (records_.size() >= kMostSeen && !records_.contains(hash)) records_.clear();
  return ++records_[hash] >= kFirstThreshold << (counters_.size() / kCountersAStep);
}

/// As far as the path is new. Threads that come before its end is there make records.
void CallerPaths::write(std::uint64_t call, const CountedCalls& calls, std::uint64_t return_address,
                        const WordsLookedAt& words) {
  Edge edge{call, return_address};
  for (const WordsLookedAt::Word& word : words) {
    const auto known = edges_.find(edge);
    const std::uint64_t mask = (std::uint64_t{1} << PATH_NUMBER_SHIFT) - 1;
    const std::uint64_t state = state_at(word) | (last_number_ + 1) << PATH_NUMBER_SHIFT;
    if (known == edges_.end()) {
      if (!put(edge, state)) return;
      ++last_number_;
      edge = {state, word.value};
    } else {
      // The same words have led elsewhere, or another kind of value lies here: not a matter of words alone.
      if (((known->second ^ state) & (mask | PATH_GOES_ON)) != 0) return;
      edge = {known->second, word.value};
    }
  }
  if (edges_.contains(edge)) return;
  if (const auto counter = counter_of(calls)) put(edge, *counter);
}

bool CallerPaths::put(const Edge& edge, std::uint64_t next) {
  const auto first = used_.begin() + static_cast<std::ptrdiff_t>(first_slot(edge.first, edge.second));
  const auto free = std::find(first, first + PATH_PROBES, false);
  if (free == first + PATH_PROBES) return false;
  *free = true;
  const std::size_t at = offset_of(static_cast<std::size_t>(free - used_.begin()));
  memory_.store<std::uint64_t>(at + PATH_VALUE, edge.second);
  memory_.store<std::uint64_t>(at + PATH_NEXT, next);
  memory_.store<std::uint64_t>(at + PATH_STATE, edge.first);
  edges_[edge] = next;
  return true;
}

/// Paths that lead to the same callers share one.
std::optional<std::uint64_t> CallerPaths::counter_of(const CountedCalls& calls) {
  auto counter = std::ranges::find_if(counters_, [&](const Counter& one) { return same_calls(one.calls, calls); });
  if (counter == counters_.end()) {
    if (counters_.size() == kMostCounters) return std::nullopt;
    counters_.push_back({calls, 0});
    counter = counters_.end() - 1;
    counter->taken = sum(counters_.size() - 1);
  }
  return BLOCK_PATHS + static_cast<std::size_t>(counter - counters_.begin()) * sizeof(std::uint64_t);
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

std::uint64_t CallerPaths::sum(std::size_t counter) const {
  std::uint64_t sum = 0;
  for (std::size_t number = 0; number < blocks_.used(); ++number)
    sum += memory_.load<std::uint64_t>(blocks_[number].offset + BLOCK_PATHS + counter * sizeof(std::uint64_t));
  return sum;
}

std::vector<CountedCalls> CallerPaths::take_new() {
  std::vector<CountedCalls> result;
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    const std::uint64_t now = sum(i);
    if (now <= counters_[i].taken) continue;
    result.emplace_back(counters_[i].calls).count = now - counters_[i].taken;
    counters_[i].taken = now;
  }
  return result;
}

}  // namespace vdsotrace
