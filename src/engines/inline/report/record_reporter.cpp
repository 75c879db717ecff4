#include "engines/inline/report/record_reporter.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "os/tracing/ptrace.hpp"

namespace vdsotrace {
namespace {

constexpr std::int64_t kProgressNs = 250'000'000;
/// Threads that may not sleep spin until there is room in their rings. If they are more than there are processors, they
/// take these from each other and from us. So they are stopped instead, and their rings are emptied at the stop. That
/// interrupts nothing but the waiting: they cannot go on before there is room.
void stop_waiting(StubSpace& stubs) {
  StubRings& rings = stubs.region()->rings();
  for (const pid_t tid : rings.set_waiting_aside()) {
    if (ptrace::interrupt(tid)) continue;
    if (const auto pointer = stubs.threads().owners().pointer_of(tid)) rings.goes_on(*pointer);
  }
}

/// The call that the stopped thread is in, with its callers where these are to be found.
RecordedCall begun_call(StubSpace& stubs, StoppedThread& stopped, const StubRecord& begun) {
  const Thread& thread = stopped.thread();
  const Route route = begun.fallback ? Route::fallback : Route::vdso;
  RecordedCall recorded{
      &stubs.installed().function(begun.function), stubs.records().symbols(), thread.tgid, thread.tid, route, begun};
  const auto word = [&](std::uint64_t address) { return stopped.memory().object<std::uint64_t>(address); };
  recorded.record.return_address = word(begun.stack).value_or(0);
  date(recorded.record);
  if (Symbols* symbols = stubs.records().symbols()) find_callers(recorded.record, *symbols, thread.tid, word);
  return recorded;
}

}  // namespace

RecordReporter::RecordReporter(const StubSettings& settings, EventSink& sink, std::string_view engine)
    : settings_(settings),
      sink_(sink),
      maker_(settings, engine),
      open_calls_(settings, sink, maker_),
      processors_(std::max(1u, std::thread::hardware_concurrency())) {}

/// Where many threads have rings, only those are read that keep the thread's own calls in order.
void RecordReporter::report_before_stop(StubSpace& stubs, pid_t tid) {
  constexpr std::size_t kFewRings = 64;
  if (settings_.depth == StubDepth::count || stubs.region() == nullptr) return;
  StubRings& rings = stubs.region()->rings();
  if (const auto pointer = stubs.threads().owners().pointer_of(tid)) rings.goes_on(*pointer);
  if (const pid_t writer = stubs.threads().other_writer(tid)) return_ring(stubs, tid, writer);
  if (rings.count() > kFewRings) {
    report_lost(stubs, stubs.records().collect_of(tid, calls()));
  } else if (rings.fill() != 0) {
    collect(stubs, false);
  }
  report_calls();
  if (rings.count() <= kFewRings) open_calls_.report_begun(stubs);
}

/// The thread has waited for a child that had its ring and is gone, even if its end has not been seen: there is no
/// other way to this stop. A child that was killed while it waited itself may leave a child of its own that still runs
/// in the ring.
void RecordReporter::return_ring(StubSpace& stubs, pid_t tid, pid_t writer) {
  const bool is_gone = stubs.threads().has_waited_for(tid, writer);
  if (is_gone) stubs.threads().end_writing(writer);
  collect(stubs, false);
  report_calls();
  if (!is_gone) return stubs.threads().give_up(tid);
  open_calls_.report_unreturned(stubs, writer);
  stubs.threads().take_back(tid);
}

Drained RecordReporter::drain(const StubSpaces& spaces) {
  if (settings_.depth == StubDepth::count) return {Drained::Found::never};
  const Load load = look_at(spaces);
  set_urgency(load);
  for (StubSpace* stubs : filled_) {
    if (!stubs->region()->waits().may_sleep() && stubs->region()->rings().count() > processors_) stop_waiting(*stubs);
    collect(*stubs, false);
  }
  report_calls();
  for (const auto& [mapped, stubs] : spaces) open_calls_.report_begun(*stubs);
  if (settings_.needs.progress && settings_.depth != StubDepth::values) report_progress(spaces);
  return {load.fill > 0 ? Drained::Found::something : Drained::Found::nothing, load.fill};
}

RecordReporter::Load RecordReporter::look_at(const StubSpaces& spaces) {
  Load load;
  filled_.clear();
  for (const auto& [mapped, stubs] : spaces) {
    if (stubs->region() == nullptr) continue;
    const StubRings& rings = stubs->region()->rings();
    if (!stubs->region()->waits().may_sleep()) load.spinning += rings.count();
    const double fill = rings.fill();
    if (fill == 0) continue;
    load.fill = std::max(load.fill, fill);
    filled_.push_back(stubs.get());
  }
  return load;
}

/// Threads that wait for room spin. If more of them do than there are processors, one look at all rings would take us
/// seconds at their priority, and the first of these would come too late if it raised it: new threads do.
void RecordReporter::set_urgency(const Load& load) {
  constexpr double kFilling = 0.25;
  const bool are_more = load.spinning > std::exchange(spinning_, load.spinning);
  urgency_.set(load.spinning > processors_ && (are_more || load.fill >= kFilling));
}

void RecordReporter::collect(StubSpace& stubs, bool final) {
  if (maker_.clock()) maker_.clock()->compare();
  report_lost(stubs, stubs.records().collect(final, calls()));
}

void RecordReporter::report_lost(const StubSpace& stubs, std::uint64_t lost) {
  if (lost != 0) sink_.accept({0, realtime_ns(), stubs.tgid(), stubs.tgid(), Lost{lost}});
}

/// In order of time; records of one ring are in order already. A system call that took a while stands where it
/// returned: its beginning has been shown.
void RecordReporter::report_calls() {
  if (calls_.empty()) return;
  const Together together(sink_);
  const std::uint64_t quick = quick_ticks(*maker_.clock());
  const auto place = [quick](const RecordedCall& call) {
    const StubRecord& record = call.record;
    const bool ended_late = call.function == nullptr && record.end > record.start && record.end - record.start > quick;
    return ended_late ? record.end : record.start;
  };
  if (std::ranges::is_sorted(calls_, {}, place)) {
    for (const RecordedCall& recorded : calls_) report_call(recorded);
  } else {
    // Calls are large: their places are sorted instead, by time, and then by the order in which the calls came.
    order_.clear();
    for (std::size_t i = 0; i < calls_.size(); ++i) order_.emplace_back(place(calls_[i]), i);
    std::ranges::sort(order_);
    for (const auto& [at, index] : order_) report_call(calls_[index]);
  }
  calls_.clear();
}

void RecordReporter::report_call(const RecordedCall& recorded) {
  Event event;  // a call: not `Event{...}`, which would clear its 600 bytes first
  event.pid = recorded.tgid;
  event.tid = recorded.tid;
  Call& call = std::get<Call>(event.body);
  maker_.fill(call, recorded);
  if (recorded.function == nullptr) ++system_calls_taken_;
  event.time_ns = call.start_ns + call.duration_ns.value_or(0);
  sink_.accept(std::move(event));
}

void RecordReporter::report_before_end(StubSpace& stubs, bool final) {
  if (stubs.region() == nullptr) return;
  collect(stubs, final);
  report_calls();
}

void RecordReporter::finish(StubSpace& stubs) {
  if (stubs.region() == nullptr) return;
  collect(stubs, true);
  report_calls();
  if (!stubs.is_reported()) return;
  for (const CallTally& total : stubs.records().sums().totals(settings_.depth, *stubs.region())) {
    if (total.count != 0) report_total(stubs, total);
  }
}

/// What has been summed up so far.
void RecordReporter::report_progress(const StubSpaces& spaces) {
  const std::int64_t now = monotonic_ns();
  if (now - progress_reported_ < kProgressNs) return;
  progress_reported_ = now;
  for (const auto& [mapped, stubs] : spaces) {
    if (!stubs->is_reported()) continue;
    for (const CallTally& total : stubs->records().sums().take_new()) report_total(*stubs, total);
  }
}

void RecordReporter::report_total(const StubSpace& stubs, const CallTally& tally) {
  Counts counts;
  counts.name = stubs.installed().function(tally.function).service->syscall;
  counts.clock = tally.clock;
  counts.route = tally.route;
  counts.count = tally.count;
  counts.errors = tally.errors;
  counts.caller = caller_at(stubs.records().symbols(), stubs.tgid(), tally.caller, tally.beyond);
  const auto& clock = maker_.clock();
  if (clock) counts.duration_ns = clock->duration_ns(static_cast<std::int64_t>(tally.ticks));
  if (clock && tally.durations.count() > 0)
    counts.durations = std::make_shared<Histogram>(tally.durations.scaled(clock->ns_per_tick()));
  sink_.accept({0, realtime_ns(), stubs.tgid(), stubs.tgid(), std::move(counts)});
}

void RecordReporter::note_interrupted(StubSpace& stubs, StoppedThread& stopped) {
  if (settings_.depth == StubDepth::count) return;
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  report_before_stop(stubs, stopped.tid());
  const InstalledStubs& installed = stubs.installed();
  // At the jump itself the call has not begun.
  const auto offset = stopped.thread().space->vdso().offset_of(arch::program_counter(*registers));
  if (!offset || installed.image->function_at(*offset) != nullptr) return;
  const std::uint64_t pointer = arch::thread_pointer(*registers);
  const auto begun = stubs.region()->open_call(pointer, arch::stack_pointer(*registers));
  if (!begun || begun->function >= installed.plan->functions.size()) return;
  stubs.region()->set_aside(pointer);
  if (settings_.depth != StubDepth::values) return;
  UnreturnedCalls& unreturned = stubs.records().unreturned();
  Call call = maker_.interrupted(begun_call(stubs, stopped, *begun), unreturned.take_fallback(stopped.tid()));
  unreturned.interrupt(stopped.thread(), std::move(call), begun->stack, begun->start);
}

}  // namespace vdsotrace
