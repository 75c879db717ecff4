#include "trace/clocksource_watch.hpp"

#include "os/clock.hpp"
#include "os/clocksource.hpp"

namespace vdsotrace {
namespace {

constexpr std::int64_t kEvery = 100'000'000;

}  // namespace

void ClocksourceWatch::accept(Event&& event) {
  look();
  sink_.accept(std::move(event));
}

void ClocksourceWatch::settle() {
  look();
  sink_.settle();
}

void ClocksourceWatch::look() {
  const std::int64_t now = monotonic_ns();
  if (now < look_again_) return;
  look_again_ = now + kEvery;
  std::string source = current_clocksource();
  if (told_ && source == last_) return;
  Event event;
  event.time_ns = realtime_ns();
  event.body = Clocksource{source, told_};
  told_ = true;
  last_ = std::move(source);
  sink_.accept(std::move(event));
}

}  // namespace vdsotrace
