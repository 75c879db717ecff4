// What the stubs have seen, out of the rings and told.
#include <algorithm>

#include "base/histogram.hpp"
#include "engines/inline/engine.hpp"
#include "engines/inline/stub_call.hpp"
#include "os/ptrace.hpp"

namespace vdsotrace {
namespace {

constexpr std::int64_t kProgressNs = 250'000'000;

}  // namespace

/// Where many threads have rings, only what keeps the thread's own calls in order.
void InlineEngine::on_stop(Thread& thread) {
  constexpr std::size_t kFewRings = 64;
  if (depth_ == StubDepth::count) return;
  StubSpace* space = find(thread);
  if (space == nullptr || space->region() == nullptr) return;
  if (const auto pointer = space->pointer_of(thread.tid)) space->region()->goes_on(*pointer);
  if (space->region()->rings() > kFewRings) {
    collect_of(*space, thread.tid);
  } else if (space->region()->fill() != 0) {
    collect(*space, false);
  }
  report_found();
}

Drained InlineEngine::drain() {
  if (depth_ == StubDepth::count) return {Drained::Found::never};
  double fill = 0;
  std::size_t rings = 0;
  for (auto& [mapped, space] : spaces_) {
    const double waiting = space->region() != nullptr ? space->region()->fill() : 0;
    if (waiting == 0) continue;
    fill = std::max(fill, waiting);
    rings += space->region()->rings();
    if (attached_ && space->region()->rings() > processors_) stop_waiting(*space);
    collect(*space, false);
  }
  // Once in a hurry we stay so while there is anything to do.
  if (attached_ && fill == 0) urgency_.set(false);
  if (attached_ && fill >= 1 && rings > processors_) urgency_.set(true);
  report_found();
  if (needs_.progress && depth_ != StubDepth::values) report_progress();
  return {fill > 0 ? Drained::Found::something : Drained::Found::nothing, fill};
}

/// Threads that may not sleep spin until there is room in their rings. Where there are more of them than processors they take these
/// from each other and from us, so they are stopped instead, and their rings emptied at the stop: nothing but the waiting can be
/// interrupted, as there is no room before.
void InlineEngine::stop_waiting(StubSpace& space) {
  for (const pid_t tid : space.region()->set_waiting_aside()) {
    if (ptrace::interrupt(tid)) continue;
    if (const auto pointer = space.pointer_of(tid)) space.region()->goes_on(*pointer);
  }
}

void InlineEngine::collect(StubSpace& space, bool final) {
  if (clock_) clock_->compare();
  const auto taker = [&](StubRecord& record, const StackWindow& window) { take(space, record, window); };
  note_lost(space, space.region()->drain(final, taker));
}

void InlineEngine::collect_of(StubSpace& space, pid_t tid) {
  const auto pointer = space.pointer_of(tid);
  if (!pointer) return;
  const auto taker = [&](StubRecord& record, const StackWindow& window) { take(space, record, window); };
  note_lost(space, space.region()->drain_of(*pointer, taker));
}

void InlineEngine::note_lost(StubSpace& space, std::uint64_t lost) {
  if (lost == 0) return;
  space.add_lost(lost);
  sink_.accept({0, realtime_ns(), space.tgid(), space.tgid(), Lost{lost}});
}

void InlineEngine::take(StubSpace& space, StubRecord& record, const StackWindow& window) {
  const auto route = space.take(record, window);
  if (!route || depth_ != StubDepth::values) return;
  const StubSpace::Owner owner = space.owner_of(record);
  if (route == Route::fallback) fallbacks_.erase(owner.tid);
  if (owner.thread != nullptr) returned(space, *owner.thread, record);
  if (!owner.told) return;
  date(record);
  found_.push_back({&space.placed().function(record.function), owner.tgid, owner.tid, *route, record, &space});
}

/// A call has come back: it is no longer open, and whatever nobody can come back to is over.
void InlineEngine::returned(StubSpace& space, const Thread& thread, const StubRecord& record) {
  const auto open = open_.find(thread.tid);
  if (open == open_.end()) return;
  const auto left = left_by(space, thread);
  if (!open->second.leave(record.stack, left, record.start)) open->second.saw_code_outside_vdso(record.stack, left);
  if (open->second.empty()) open_.erase(open);
}

void InlineEngine::note_caller(Call& call, std::optional<Caller> caller) const {
  if (needs_.stacks && caller) call.stack = {*caller};
  if (needs_.callers) call.caller = std::move(caller);
}

/// In order of time; records of one ring are in order already.
void InlineEngine::report_found() {
  if (found_.empty()) return;
  const Together together(sink_);
  const auto start = [](const Found& found) { return found.record.start; };
  if (!std::ranges::is_sorted(found_, {}, start)) std::ranges::stable_sort(found_, {}, start);
  for (Found& found : found_) {
    Event event;  // a call: not `Event{...}`, which would clear its 600 bytes first
    event.pid = found.tgid;
    event.tid = found.tid;
    Call& call = std::get<Call>(event.body);
    fill_call(call, *found.function, found.record, found.route, *clock_);
    call.engine = name();
    note_caller(call, found.space->place(found.record.caller, found.record.beyond, found.tid));
    event.time_ns = call.start_ns + call.duration_ns.value_or(0);
    sink_.accept(std::move(event));
  }
  found_.clear();
}

/// Nobody writes any more: the rest, and the totals of what was only counted.
void InlineEngine::finish(StubSpace& space) {
  if (space.region() == nullptr) return;
  collect(space, true);
  report_found();
  if (!space.is_reported()) return;
  for (const CallTally& total : space.totals(depth_)) {
    if (total.count != 0) report_total(space, total);
  }
}

/// What has been summed up so far.
void InlineEngine::report_progress() {
  const std::int64_t now = monotonic_ns();
  if (now - progress_told_ < kProgressNs) return;
  progress_told_ = now;
  for (auto& [mapped, space] : spaces_) {
    if (!space->is_reported()) continue;
    for (const CallTally& total : space->new_sums()) report_total(*space, total);
  }
}

void InlineEngine::report_total(const StubSpace& space, const CallTally& tally) {
  Counts counts;
  counts.name = space.placed().function(tally.function).service->syscall;
  counts.clock = tally.clock;
  counts.route = tally.route;
  counts.count = tally.count;
  counts.errors = tally.errors;
  counts.caller = space.place(tally.caller, tally.beyond, space.tgid());
  if (clock_) counts.duration_ns = clock_->duration_ns(static_cast<std::int64_t>(tally.ticks));
  if (clock_ && tally.durations.count() > 0)
    counts.durations = std::make_shared<Histogram>(tally.durations.scaled(clock_->ns_per_tick()));
  sink_.accept({0, realtime_ns(), space.tgid(), space.tgid(), std::move(counts)});
}

}  // namespace vdsotrace
