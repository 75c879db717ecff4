#include "trace/clocksource_watch.hpp"

#include <cstdlib>

#include "base/clock.hpp"
#include "os/machine/clocksource.hpp"

namespace vdsotrace {
namespace {

constexpr std::int64_t kEvery = 100'000'000;

}  // namespace

void ClocksourceWatch::accept(Event&& event) {
  look(event.time_ns);
  sink_.accept(std::move(event));
}

void ClocksourceWatch::flush() {
  look(realtime_ns());
  sink_.flush();
}

/// Nearly every event has a time anyway; to ask for it once more costs as much as many calls do.
void ClocksourceWatch::look(std::int64_t now) {
  if (reported_ && std::abs(now - looked_at_) < kEvery) return;
  looked_at_ = now;
  std::string source = current_clocksource();
  // That it can no longer be asked for does not mean that it has changed.
  if (reported_ && (source == last_ || source.empty())) return;
  Event event;
  event.time_ns = now;
  event.body = Clocksource{source, !last_.empty()};
  reported_ = true;
  last_ = std::move(source);
  sink_.accept(std::move(event));
}

}  // namespace vdsotrace
