#include "engines/inline/report/open_call_reporter.hpp"

#include <utility>

#include "base/clock.hpp"
#include "model/syscalls/render.hpp"
#include "os/memory/remote_memory.hpp"

namespace vdsotrace {
namespace {

/// A system call that takes no longer is shown when it has returned.
constexpr double kQuickCallNs = 100'000;
/// What a call "returns" that a signal has interrupted before it did anything (ERESTARTNOINTR, linux/errno.h).
constexpr std::int64_t kRestartCall = -513;

Call& call_of(Call& call) { return call; }
Call& call_of(CallEntered& entered) { return entered.call; }

}  // namespace

std::uint64_t quick_ticks(const TscClock& clock) {
  return static_cast<std::uint64_t>(kQuickCallNs / clock.ns_per_tick());
}

bool OpenCallReporter::records_in(const StubSpace& stubs) const {
  return settings_.records_system_calls() && stubs.region() != nullptr;
}

template <class Body>
Event OpenCallReporter::event_of(const RecordedCall& recorded) const {
  Event event{0, 0, recorded.tgid, recorded.tid, Body{}};
  Call& call = call_of(std::get<Body>(event.body));
  maker_.fill_open(call, recorded);
  event.time_ns = call.start_ns;
  return event;
}

void OpenCallReporter::report_begun(StubSpace& stubs) {
  if (!records_in(stubs) || !settings_.needs.entries) return;
  stubs.records().collect_open_system_calls(TscClock::now() - quick_ticks(*maker_.clock()), begun_);
  for (const RecordedCall& recorded : begun_) {
    Event event = event_of<CallEntered>(recorded);
    if (settings_.attached) look_at(std::get<CallEntered>(event.body).call, recorded.tid);
    sink_.accept(std::move(event));
  }
  begun_.clear();
}

/// What its pointers refer to is copied behind the call only, where stubs outlive us. It sleeps in it.
void OpenCallReporter::look_at(Call& call, pid_t tid) const {
  RemoteMemory memory(tid);
  capture_entry(call, memory, settings_.needs.limits);
}

void OpenCallReporter::report_unreturned(StubSpace& stubs, pid_t tid) {
  const auto recorded = records_in(stubs) ? stubs.records().open_system_call(tid) : std::nullopt;
  if (!recorded) return;
  Event event = event_of<Call>(*recorded);
  event.time_ns = realtime_ns();
  std::get<Call>(event.body).ending = Ending::unfinished;
  sink_.accept(std::move(event));
}

void OpenCallReporter::report_abandoned(StubSpace& stubs, pid_t tid) {
  const auto recorded = records_in(stubs) ? stubs.records().abandon_system_call(tid) : std::nullopt;
  if (!recorded) return;
  Event event = event_of<Call>(*recorded);
  event.time_ns = realtime_ns();
  Call& call = std::get<Call>(event.body);
  call.ending = Ending::returned;
  call.result = kRestartCall;
  call.error = error_of(call.result);
  sink_.accept(std::move(event));
}

}  // namespace vdsotrace
