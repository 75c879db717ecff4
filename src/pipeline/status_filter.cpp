#include "pipeline/status_filter.hpp"

namespace vdsotrace {

bool StatusFilter::passes(const Event& event) {
  if (selection_.wants_every_status()) return true;
  if (const auto* entered = std::get_if<CallEntered>(&event.body)) {
    if (!entered->faulted && selection_.wants_status(Status::detached)) running_.insert_or_assign(event.tid, event);
    return false;
  }
  const auto* call = std::get_if<Call>(&event.body);
  if (call != nullptr || std::holds_alternative<Exited>(event.body)) running_.erase(event.tid);
  return call == nullptr || selection_.wants_status(status_of(*call));
}

std::optional<Event> StatusFilter::take_detached(const Event& event) {
  const auto running = std::holds_alternative<Detached>(event.body) ? running_.find(event.tid) : running_.end();
  if (running == running_.end()) return std::nullopt;
  std::optional<Event> entered = std::move(running->second);
  running_.erase(running);
  return entered;
}

}  // namespace vdsotrace
