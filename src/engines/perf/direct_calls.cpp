#include "engines/perf/direct_calls.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/clock.hpp"
#include "model/syscalls/begin_call.hpp"
#include "os/proc.hpp"

namespace vdsotrace {
namespace {

/// Enough for the frames of a C library's function and of what calls it; glibc's getrandom alone has 17 words.
constexpr std::uint32_t kStackForCallers = 1024;
constexpr std::size_t kMostSites = 10'000;
constexpr std::string_view kUnseen = "direct system calls are not seen";

Result<DirectCallPoint> find_point(std::string_view name, bool durations) {
  DirectCallPoint point;
  const auto returned = own_trace_point_number(fmt::format("syscalls/sys_exit_{}", name));
  if (!returned) return tl::unexpected(returned.error());
  point.returned = *returned;
  if (!durations) return point;
  const auto entered = own_trace_point_number(fmt::format("syscalls/sys_enter_{}", name));
  if (!entered) return tl::unexpected(entered.error());
  point.entered = *entered;
  return point;
}

/// The word of the stack at that address, if the sample has it.
std::optional<std::uint64_t> stack_word(const PerfSample& sample, std::uint64_t address) {
  const std::uint64_t offset = address - arch::stack_pointer(sample.registers);
  std::uint64_t word = 0;
  if (offset > sample.stack.size() || sample.stack.size() - offset < sizeof word) return std::nullopt;
  std::memcpy(&word, sample.stack.data() + offset, sizeof word);
  return word;
}

Call call_from(const PerfSample& sample, std::int64_t nr, std::int64_t result) {
  Call call;
  begin_system_call(call, Abi::x86_64, nr);
  call.args = arch::system_call_arguments(sample.registers);
  call.stack_pointer = arch::stack_pointer(sample.registers);
  call.instruction_pointer = arch::program_counter(sample.registers);
  call.ending = Ending::returned;
  call.result = result;
  call.error = error_of(result);
  call.engine = "perf";
  return call;
}

}  // namespace

DirectCalls::DirectCalls(const Needs& needs, EventSink& sink, Covered covered)
    : needs_(needs), sink_(sink), reporter_(sink), covered_(std::move(covered)) {
  allow_many_descriptors();
  if (auto checked = check(); !checked) {
    refused_ = checked.error().message;
  } else if (auto stream = PerfStream::open()) {
    stream_.emplace(std::move(*stream));
  } else {
    refused_ = stream.error().message;
  }
}

Result<void> DirectCalls::check() {
  const auto point = find_point("clock_gettime", false);
  if (!point) return tl::unexpected(point.error());
  auto stream = PerfStream::open();
  if (!stream) return tl::unexpected(stream.error());
  auto event = open_perf_system_call({0, Inherit::threads}, point->returned, 0, stream->rings().front());
  if (!event) return tl::unexpected(event.error());
  return {};
}

// ---- who is watched ----

void DirectCalls::watch_process(const Thread& thread) {
  if (processes_.contains(thread.tgid)) {
    note(thread);
  } else {
    watch(thread);
  }
}

void DirectCalls::watch(const Thread& thread) {
  if (thread.role != Thread::Role::traced) return;
  note(thread);
  AddressSpace& space = *thread.space;
  if (space.abi() != Abi::x86_64) {
    space.stop_at_every_syscall();
    return;
  }
  if (needs_.callers) space.symbols().follow(thread.tid);
  Result<void> done = stream_ ? open_events(thread) : fail(refused_);
  if (done) processes_.insert(thread.tgid);
  if (done || std::exchange(incomplete_, true)) return;
  reporter_.report(thread, Notice{fmt::format("{} ({}): --direct=stops shows them, by stopping it at each system call",
                                              kUnseen, done.error().message),
                                  Missing::direct_calls});
}

std::vector<DirectCallPoint> DirectCalls::points_of(const AddressSpace& space, Result<void>& done) const {
  std::vector<DirectCallPoint> points;
  std::set<std::string_view> names;
  for (const VdsoService& service : known_services()) {
    const auto nr = number_of(Abi::x86_64, service.syscall);
    const bool wanted = nr >= 0 && space.vdso_serves(Abi::x86_64, nr) &&
                        needs_.selection.wants_number(Abi::x86_64, nr, true);
    if (!wanted || !names.insert(service.syscall).second) continue;
    const auto point = find_point(service.syscall, needs_.durations);
    if (point) {
      points.push_back(*point);
    } else {
      done = tl::unexpected(point.error());
    }
  }
  return points;
}

Result<void> DirectCalls::open_events(const Thread& thread) {
  const PerfTarget target{thread.tid, needs_.children ? Inherit::processes : Inherit::threads};
  Result<void> done;
  for (const DirectCallPoint& point : points_of(*thread.space, done)) {
    auto opened = open_event(target, point.returned, Moment::returned);
    if (opened && point.entered != 0) opened = open_event(target, point.entered, Moment::entered);
    if (!opened) return opened;
  }
  return done;
}

Result<void> DirectCalls::open_event(const PerfTarget& target, std::uint64_t number, Moment moment) {
  const std::uint32_t stack = needs_.callers && moment == Moment::returned ? kStackForCallers : 0;
  for (const PerfRing& ring : stream_->rings()) {
    auto event = open_perf_system_call(target, number, stack, ring);
    if (!event) return tl::unexpected(event.error());
    moments_.emplace(event->id, moment);
    events_.push_back(std::move(*event));
  }
  return {};
}

void DirectCalls::note(const Thread& thread) {
  Watched& watched = watched_[thread.tid];
  watched.tgid = thread.tgid;
  watched.reported = thread.is_reported();
  watched.space = thread.space;
}

bool DirectCalls::reports(const Thread& thread) const {
  return processes_.contains(thread.tgid) && thread.space->abi() == Abi::x86_64 && !thread.space->every_call_stops();
}

void DirectCalls::on_clone(const Thread& parent, const Thread& child) {
  const bool inherits = child.tgid == parent.tgid || needs_.children;
  if (inherits && processes_.contains(parent.tgid)) processes_.insert(child.tgid);
  note(child);
}

void DirectCalls::on_stop(const Thread& thread) {
  note(thread);
  take(thread.tid);
}

void DirectCalls::on_end(const Thread& thread) {
  take(thread.tid);
  watched_.erase(thread.tid);
}

// ---- what was recorded ----

Drained DirectCalls::drain() {
  const double fill = stream_ ? std::min(1.0, stream_->fill()) : 0;
  taken_ = 0;
  take(std::nullopt);
  return {taken_ > 0 ? Drained::Found::something : Drained::Found::nothing, fill};
}

void DirectCalls::take(std::optional<pid_t> stopped) {
  if (!stream_) return;
  const Together together(sink_);
  since_epoch_ = realtime_ns() - monotonic_ns();
  for (const PerfRecord& record : stream_->take(stopped)) {
    ++taken_;
    if (const auto* sample = std::get_if<PerfSample>(&record)) on(*sample);
    const auto* lost = std::get_if<PerfLost>(&record);
    if (lost == nullptr) continue;
    lost_ += lost->count;
    sink_.accept({0, realtime_ns(), 0, 0, Lost{lost->count}});
  }
}

void DirectCalls::on(const PerfSample& sample) {
  const auto watched = watched_.find(sample.tid);
  const auto moment = moments_.find(sample.event);
  if (watched == watched_.end() || moment == moments_.end()) return;
  if (moment->second == Moment::entered) {
    watched->second.entered_ns = sample.time_ns;
  } else if (watched->second.reported && sample.is_64_bit && !watched->second.space->every_call_stops()) {
    report(sample, watched->second);
  }
}

void DirectCalls::report(const PerfSample& sample, Watched& watched) {
  const std::int64_t entered_ns = std::exchange(watched.entered_ns, 0);
  const auto nr = parse_system_call_number(sample.raw);
  const auto result = parse_system_call_result(sample.raw);
  if (!nr || !result) return;
  AddressSpace& space = *watched.space;
  const bool capable = space.vdso_serves(Abi::x86_64, *nr);
  if (!capable || !needs_.selection.wants_number(Abi::x86_64, *nr, true)) return;
  Call call = call_from(sample, *nr, *result);
  // Where no thread stops at system calls a vDSO can have moved unseen.
  if (is_new_site(space, call.instruction_pointer)) {
    const auto vdso = proc::vdso_mapping(sample.tid);
    if (vdso && vdso->start != space.base()) space.vdso().moved_to(vdso->start);
  }
  const VdsoFunction* maker = space.fallback_at(call.instruction_pointer);
  if (maker != nullptr && covered_(space, *maker)) return;
  call.route = maker != nullptr ? Route::fallback : Route::syscall;
  if (maker != nullptr) call.symbol = service_for(*maker)->symbol;
  call.start_ns = (entered_ns != 0 ? entered_ns : sample.time_ns) + since_epoch_;
  if (entered_ns != 0) call.duration_ns = sample.time_ns - entered_ns;
  note_caller(sample, watched, call);
  sink_.accept({0, sample.time_ns + since_epoch_, watched.tgid, sample.tid, std::move(call)});
}

bool DirectCalls::is_new_site(const AddressSpace& space, std::uint64_t address) {
  if (sites_.size() >= kMostSites) sites_.clear();
  return sites_.emplace(&space, address).second;
}

void DirectCalls::note_caller(const PerfSample& sample, const Watched& watched, Call& call) {
  if (!needs_.callers) return;
  Symbols& symbols = watched.space->symbols();
  const auto word = [&sample](std::uint64_t address) { return stack_word(sample, address); };
  const auto found = symbols.caller_addresses(sample.tid, arch::frame_registers(sample.registers), word);
  call.caller = symbols.places(sample.tid, found);
  if (needs_.stacks && call.caller) call.stack = {*call.caller};
}

/// A loss is recorded with the next record for which there is room: of the last one only the events know.
void DirectCalls::finish() {
  if (!stream_ || events_.empty()) return;
  take(std::nullopt);
  std::uint64_t all = 0;
  for (const PerfEvent& event : events_) all += lost_samples(event).value_or(0);
  if (all > lost_) {
    sink_.accept({0, realtime_ns(), 0, 0, Lost{all - lost_}});
    lost_ = all;
  }
  if (!incomplete_)
    sink_.accept(
        {0, realtime_ns(), 0, 0, Notice{fmt::format("direct system calls: seen by trace points, {} lost", lost_)}});
}

}  // namespace vdsotrace
