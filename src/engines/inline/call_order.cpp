#include "engines/inline/call_order.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

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

/// Direct calls come ring by ring: those of one ring are far from those of the ring before.
void CallOrder::keep(Event&& event) {
  if (!std::holds_alternative<Call>(event.body)) return sink_.accept(std::move(event));
  const std::int64_t start = start_of(event);
  earliest_ = std::min(earliest_, start);
  kept_[event.tid].emplace(start, std::move(event));
}

bool CallOrder::pass_before(std::int64_t time_ns) {
  if (time_ns <= earliest_) return false;
  std::vector<Event> passing;
  earliest_ = kNever;
  for (auto thread = kept_.begin(); thread != kept_.end();) {
    auto& calls = thread->second;
    const auto end = calls.lower_bound(time_ns);
    for (auto call = calls.begin(); call != end; call = calls.erase(call)) passing.push_back(std::move(call->second));
    if (!calls.empty()) earliest_ = std::min(earliest_, calls.begin()->first);
    thread = calls.empty() ? kept_.erase(thread) : std::next(thread);
  }
  std::ranges::stable_sort(passing, {}, start_of);
  for (Event& event : passing) sink_.accept(std::move(event));
  return !passing.empty();
}

/// Only of that thread: stubs may have recorded calls of other threads before these that are not in this batch.
void CallOrder::pass_of_thread(pid_t tid, std::int64_t before_ns) {
  const auto thread = before_ns <= earliest_ ? kept_.end() : kept_.find(tid);
  if (thread == kept_.end()) return;
  auto& calls = thread->second;
  const auto end = calls.lower_bound(before_ns);
  for (auto call = calls.begin(); call != end; call = calls.erase(call)) sink_.accept(std::move(call->second));
  if (calls.empty()) kept_.erase(thread);
}

bool CallOrder::end_batch() {
  look();
  const Together together(sink_);
  return pass_before(complete_until_);
}

void CallOrder::pass_thread(pid_t tid) {
  const Together together(sink_);
  pass_of_thread(tid, kNever);
}

void CallOrder::pass_all() {
  const Together together(sink_);
  pass_before(kNever);
}

}  // namespace vdsotrace
