#include "engines/inline/call_order.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

namespace vdsotrace {
namespace {

std::int64_t start_of(const Event& event) { return std::get<Call>(event.body).start_ns; }

}  // namespace

void CallOrder::look() {
  if (look_()) complete_until_ = begun_;
}

void CallOrder::hold() {
  look();
  sink_.hold();
}

void CallOrder::accept(Event&& event) {
  if (std::holds_alternative<Call>(event.body)) {
    const std::int64_t start = start_of(event);
    pass_before(std::min(start, complete_until_));
    pass_of_thread(event.tid, start);
  }
  sink_.accept(std::move(event));
}

/// They come almost in order.
void CallOrder::keep(Event&& event) {
  if (!std::holds_alternative<Call>(event.body)) return sink_.accept(std::move(event));
  auto place = kept_.end();
  while (place != kept_.begin() && start_of(*std::prev(place)) > start_of(event)) --place;
  kept_.insert(place, std::move(event));
}

bool CallOrder::pass_before(std::int64_t time_ns) {
  bool any = false;
  for (; !kept_.empty() && start_of(kept_.front()) < time_ns; any = true) {
    sink_.accept(std::move(kept_.front()));
    kept_.pop_front();
  }
  return any;
}

/// Of the others stubs may have recorded calls before these that are not in this batch.
void CallOrder::pass_of_thread(pid_t tid, std::int64_t before_ns) {
  for (auto event = kept_.begin(); event != kept_.end() && start_of(*event) < before_ns;) {
    if (event->tid != tid) {
      ++event;
      continue;
    }
    sink_.accept(std::move(*event));
    event = kept_.erase(event);
  }
}

bool CallOrder::end_batch() {
  look();
  const Together together(sink_);
  return pass_before(complete_until_);
}

void CallOrder::pass_thread(pid_t tid) {
  const Together together(sink_);
  pass_of_thread(tid, std::numeric_limits<std::int64_t>::max());
}

void CallOrder::pass_all() {
  const Together together(sink_);
  pass_before(std::numeric_limits<std::int64_t>::max());
}

}  // namespace vdsotrace
