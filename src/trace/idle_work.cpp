#include "trace/idle_work.hpp"

#include <algorithm>

namespace vdsotrace {
namespace {

constexpr std::int64_t kLinesWaitNs = 1'000'000;
constexpr std::int64_t kNamesLastNs = 100'000'000;

}  // namespace

std::optional<std::int64_t> IdleWork::run(std::int64_t now) {
  if (!pace_.due(now)) return 0;
  const Drained drained = engine_.drain();
  pace_.looked(now, drained);
  if (drained.found == Drained::Found::something) {
    for (const auto& [tid, thread] : tasks_.threads()) callers_.report(*thread);
  }
  outdate_names(now);
  auto pause = pace_.pause();
  // While stops follow each other closely, their lines are written together: such a sleep ends soon.
  if (pace_.calm() && (!pause || now - flushed_ >= kLinesWaitNs)) {
    reporter_.flush();
    flushed_ = now;
  }
  const bool unseen = policy_.mode() == StopPolicy::Mode::none;
  if (const auto until = unseen ? locked_.look(now) : std::nullopt) pause = std::min(pause.value_or(*until), *until);
  return pause;
}

void IdleWork::finish() {
  take_rest();
  engine_.finish();
}

/// Where no thread stops we do not see libraries mapped and unmapped.
void IdleWork::outdate_names(std::int64_t now) {
  if (policy_.mode() != StopPolicy::Mode::none || now - names_since_ < kNamesLastNs) return;
  names_since_ = now;
  for (const auto& [tid, thread] : tasks_.threads()) thread->space->symbols().outdate();
}

}  // namespace vdsotrace
