#include "engines/perf/direct_calls.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>

#include "arch/constants.hpp"
#include "base/clock.hpp"
#include "engines/perf/sampled_caller.hpp"
#include "model/syscalls/begin_call.hpp"
#include "model/syscalls/context.hpp"
#include "model/syscalls/render.hpp"
#include "model/syscalls/spec.hpp"
#include "os/proc.hpp"
#include "os/remote_memory.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostSites = 10'000;
/// So many events of trace points of single calls there may be. Programs of up to some twenty threads on two processors
/// are within it.
constexpr std::size_t kMostEvents = 512;
/// Who made a call of 32-bit code, vDSO or program, lies on the stack above what __kernel_vsyscall has pushed.
constexpr std::uint32_t kGateStack = 64;
constexpr std::string_view kUnseen = "direct system calls are not seen";

/// Those that a vDSO of that ABI may serve, as far as they are wanted.
std::vector<std::int64_t> wanted_calls(const Selection& selection, Abi abi) {
  std::vector<std::int64_t> calls;
  for (std::uint32_t index = 0; index < kCallNumbers; ++index) {
    const auto nr = static_cast<std::uint32_t>(index | number_bit(abi));
    const CallSpec* spec = spec_of(abi, nr);
    if (spec != nullptr && service_of_syscall(spec->name) != nullptr && selection.wants_number(abi, nr, true))
      calls.push_back(nr);
  }
  return calls;
}

Result<DirectCallPoint> find_point(std::string_view folder, std::string_view name, bool durations) {
  DirectCallPoint point;
  const auto returned = own_trace_point_number(fmt::format("{}/sys_exit{}", folder, name));
  if (!returned) return tl::unexpected(returned.error());
  point.returned = *returned;
  if (!durations) return point;
  const auto entered = own_trace_point_number(fmt::format("{}/sys_enter{}", folder, name));
  if (!entered) return tl::unexpected(entered.error());
  point.entered = *entered;
  return point;
}

/// Whether the call at `address` was made by 64-bit code's own instruction, and not by that of another ABI.
bool is_system_call(pid_t pid, std::uint64_t address) {
  using Instruction = std::remove_const_t<decltype(arch::kSystemCall)>;
  return RemoteMemory(pid).object<Instruction>(address).value_or(arch::kSystemCall) == arch::kSystemCall;
}

Call call_from(const PerfSample& sample, Abi abi, std::int64_t nr, std::int64_t result) {
  Call call;
  begin_system_call(call, abi, nr);
  call.args = arch::system_call_arguments(sample.registers, abi);
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
  auto stream = PerfStream::open();
  if (!stream) {
    refused_ = stream.error().message;
    return;
  }
  stream_.emplace(std::move(*stream));
  // Whether it is permitted is tried on ourselves: Points::refused.
  static_cast<void>(open_events(0, Abi::x86_64));
}

Result<void> DirectCalls::check() {
  const auto point = find_point("syscalls", "_clock_gettime", false);
  if (!point) return tl::unexpected(point.error());
  auto stream = PerfStream::open();
  if (!stream) return tl::unexpected(stream.error());
  auto event = open_perf_system_call({0, Inherit::threads}, point->returned, 0, stream->rings().front());
  if (!event) return tl::unexpected(event.error());
  return {};
}

// ---- who is watched ----

DirectCalls::Points& DirectCalls::points_of(const Means& means) {
  const auto [found, is_new] = points_.try_emplace(means);
  if (is_new) found->second = find_points(means);
  return found->second;
}

DirectCalls::Points DirectCalls::find_points(const Means& means) const {
  if (!refused_.empty()) return {{}, refused_};
  Points found;
  const auto add = [&](Result<DirectCallPoint>&& point, const std::string& filter) {
    if (point) {
      point->filter = filter;
      found.points.push_back(std::move(*point));
    } else {
      found.refused = point.error().message;
    }
  };
  const auto calls = wanted_calls(needs_.selection, means.abi);
  if (means.filters) {
    if (!calls.empty()) add(find_point("raw_syscalls", "", needs_.durations), only_system_calls(calls));
    return found;
  }
  for (const std::int64_t nr : calls)
    add(find_point("syscalls", fmt::format("_{}", spec_of(means.abi, nr)->name), needs_.durations), "");
  return found;
}

/// For so many threads more. Whether filters are permitted is tried on ourselves.
void DirectCalls::choose_means(std::size_t threads) {
  const std::size_t points = points_of({Abi::x86_64, false}).points.size() * (needs_.durations ? 2 : 1);
  if (!stream_ || few_events_ || events_.size() + threads * points * stream_->rings().size() <= kMostEvents) return;
  few_events_ = open_points({0, Inherit::threads}, {Abi::x86_64, true}).has_value();
}

void DirectCalls::prepare(pid_t pid) {
  const auto tgid = static_cast<pid_t>(proc::status_number(pid, "Tgid").value_or(pid));
  const auto threads = proc::threads_of(tgid);
  choose_means(threads.size());
  for (const pid_t tid : threads) {
    if (!open_events(tid, Abi::x86_64)) return;
    stream_->make_room();
  }
}

void DirectCalls::watch_process(const Thread& thread) {
  note(thread);
  if (!reports(thread)) watch(thread);
}

void DirectCalls::watch(const Thread& thread) {
  if (thread.role != Thread::Role::traced) return;
  begin();
  note(thread);
  AddressSpace& space = *thread.space;
  if (needs_.callers) space.symbols().follow(thread.tid);
  const auto done = open_events(thread.tid, space.abi());
  if (done) {
    processes_[thread.tgid].insert(space.abi());
    return;
  }
  if (space.abi() != Abi::x86_64) space.stop_at_every_syscall();
  if (!std::exchange(incomplete_, true)) report_unseen(thread, done.error().message);
}

void DirectCalls::report_unseen(const Thread& thread, const std::string& why) {
  if (thread.space->abi() != Abi::x86_64) {
    reporter_.report(thread, Notice{fmt::format("{} program: it stops at each system call, as trace points cannot show "
                                                "which it makes ({})",
                                                name_of(thread.space->abi()), why)});
    return;
  }
  reporter_.report(thread, Notice{fmt::format("{} ({}): --direct=stops shows them, by stopping it at each system call",
                                              kUnseen, why),
                                  Missing::direct_calls});
}

/// What was recorded so far is of before.
void DirectCalls::begin() {
  if (!stream_ || std::exchange(begun_, true)) return;
  stream_->make_room();
  for (const PerfRecord& record : stream_->take({}, true)) note_loss(record);
  if (std::exchange(may_have_lost_, false)) lost_before_ = lost_so_far();
  stream_->limit({monotonic_ns()});
}

Result<void> DirectCalls::open_events(pid_t tid, Abi abi) {
  const Means means = means_for(abi);
  if (const std::string& why = points_of(means).refused; !why.empty()) return fail(why);
  if (!opened_.insert({tid, abi}).second) return {};
  return open_points({tid, needs_.children ? Inherit::processes : Inherit::threads}, means);
}

Result<void> DirectCalls::open_points(const PerfTarget& target, const Means& means) {
  Points& known = points_of(means);
  if (!known.refused.empty()) return fail(known.refused);
  for (const DirectCallPoint& point : known.points) {
    auto opened = open_event(target, point, Moment::returned, means.abi);
    if (opened && point.entered != 0) opened = open_event(target, point, Moment::entered, means.abi);
    if (opened || opened.error().code == ESRCH) continue;
    known.refused = opened.error().message;
    return opened;
  }
  return {};
}

Result<void> DirectCalls::open_event(const PerfTarget& target, const DirectCallPoint& point, Moment moment, Abi abi) {
  const bool returned = moment == Moment::returned;
  const std::uint64_t number = returned ? point.returned : point.entered;
  const std::uint32_t least = needs_.values ? kSampledStack : abi != Abi::x86_64 ? kGateStack : 0;
  const std::uint32_t stack = returned ? std::max(least, sampled_stack_bytes(needs_)) : 0;
  for (const PerfRing& ring : stream_->rings()) {
    auto event = point.filter.empty() ? open_perf_system_call(target, number, stack, ring)
                                      : open_perf_trace_point(target, number, {point.filter, stack}, ring);
    if (!event) return tl::unexpected(event.error());
    infos_.emplace(event->id, EventInfo{moment, target.tid, abi});
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
  const auto found = processes_.find(thread.tgid);
  const bool watched = found != processes_.end() && found->second.contains(thread.space->abi());
  return watched && !thread.space->every_call_stops();
}

void DirectCalls::on_clone(const Thread& parent, const Thread& child) {
  const bool inherits = child.tgid == parent.tgid || needs_.children;
  const auto of_parent = processes_.find(parent.tgid);
  if (inherits && of_parent != processes_.end()) processes_.try_emplace(child.tgid, of_parent->second);
  note(child);
}

void DirectCalls::on_stop(const Thread& thread) {
  note(thread);
  look();
}

void DirectCalls::on_end(const Thread& thread) {
  look();
  watched_.erase(thread.tid);
  // What those lose that run on without us is no loss.
  if (watched_.empty()) count_lost();
}

// ---- what was recorded ----

Drained DirectCalls::drain() {
  const double fill = stream_ ? std::min(1.0, stream_->fill()) : 0;
  // No thread waits for room.
  constexpr double kUrgent = 0.25;
  if (fill >= kUrgent) urgency_.set(true);
  if (fill == 0) urgency_.set(false);
  taken_ = 0;
  look();
  return {taken_ > 0 ? Drained::Found::something : Drained::Found::nothing, fill};
}

void DirectCalls::look() {
  if (!stream_) return;
  const Together together(sink_);
  since_epoch_ = epoch_of_records_ns();
  for (const PerfRecord& record : stream_->take({}, true)) {
    ++taken_;
    if (const auto* sample = std::get_if<PerfSample>(&record)) on(*sample);
    note_loss(record);
  }
}

void DirectCalls::note_loss(const PerfRecord& record) {
  const auto* lost = std::get_if<PerfLost>(&record);
  if (lost != nullptr) lost_records_ += lost->count;
  may_have_lost_ = may_have_lost_ || lost != nullptr || std::holds_alternative<PerfGap>(record);
}

/// A loss is recorded with the next record for which there is room: only the events know of the last one, and only
/// since Linux 6.0.
std::uint64_t DirectCalls::lost_so_far() const {
  std::uint64_t known = 0;
  for (const PerfEvent& event : events_) {
    const auto lost = lost_samples(event);
    if (!lost) return lost_records_;
    known += *lost;
  }
  return known;
}

void DirectCalls::count_lost() {
  if (!std::exchange(may_have_lost_, false)) return;
  const std::uint64_t all = lost_so_far() - lost_before_;
  if (all > lost_) sink_.accept({0, realtime_ns(), 0, 0, Lost{all - lost_}});
  lost_ = std::max(lost_, all);
}

void DirectCalls::on(const PerfSample& sample) {
  const auto found = watched_.find(sample.tid);
  const auto info = infos_.find(sample.event);
  const auto nr = parse_system_call_number(sample.raw);
  if (found == watched_.end() || info == infos_.end() || !nr) return;
  Watched& watched = found->second;
  if (watched.origins.try_emplace(*nr, info->second.opened_for).first->second != info->second.opened_for) return;
  if (info->second.moment == Moment::entered) {
    watched.entered_ns = sample.time_ns;
  } else if (watched.reported && is_call_of(info->second.abi, sample, watched) && !watched.space->every_call_stops()) {
    report(sample, info->second.abi, *nr, watched);
  }
}

void DirectCalls::report(const PerfSample& sample, Abi abi, std::int32_t nr, Watched& watched) {
  const std::int64_t entered_ns = std::exchange(watched.entered_ns, 0);
  const auto result = parse_system_call_result(sample.raw);
  AddressSpace& space = *watched.space;
  if (!result || !space.vdso_serves(abi, nr)) return;
  Call call = call_from(sample, abi, nr, *result);
  SampledStack stack(sample);
  const VdsoFunction* maker = space.fallback_maker(call.instruction_pointer, call.stack_pointer, stack);
  if (maker != nullptr && covered_(space, *maker)) return;
  call.route = maker != nullptr ? Route::fallback : Route::syscall;
  if (maker != nullptr) call.symbol = service_for(*maker)->symbol;
  call.start_ns = (entered_ns != 0 ? entered_ns : sample.time_ns) + since_epoch_;
  if (entered_ns != 0) call.duration_ns = sample.time_ns - entered_ns;
  if (needs_.values) capture_exit(call, stack, capture_limits(needs_));
  note_sampled_caller(sample, SampledAt::system_call, task_for(sample), needs_, space.symbols(), call);
  sink_.accept({0, sample.time_ns + since_epoch_, watched.tgid, sample.tid, std::move(call)});
}

/// One that has the memory of the sample's thread: that may have ended since, and a leader may have ended before
/// others.
pid_t DirectCalls::task_for(const PerfSample& sample) const {
  return watched_.contains(sample.pid) ? sample.pid : sample.tid;
}

/// Which numbers the call goes by: that shows the code that made it, and its instruction.
bool DirectCalls::is_call_of(Abi abi, const PerfSample& sample, const Watched& watched) {
  if (sample.is_64_bit != (abi != Abi::i386)) return false;
  if (sites_.size() >= kMostSites) sites_.clear();
  const std::uint64_t behind = arch::program_counter(sample.registers);
  const auto [site, is_new] = sites_.try_emplace({watched.space.get(), behind}, true);
  if (is_new) {
    find_moved_vdso(*watched.space, task_for(sample));
    if (sample.is_64_bit) site->second = is_system_call(task_for(sample), behind - arch::kSystemCall.size());
  }
  return site->second;
}

void DirectCalls::finish() {
  if (!stream_ || processes_.empty()) return;
  if (!watched_.empty()) count_lost();
  if (incomplete_) return;
  sink_.accept(
      {0, realtime_ns(), 0, 0, Notice{fmt::format("direct system calls: seen by trace points, {} lost", lost_)}});
}

}  // namespace vdsotrace
