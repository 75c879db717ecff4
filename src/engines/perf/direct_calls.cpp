#include "engines/perf/direct_calls.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "arch/constants.hpp"
#include "base/clock.hpp"
#include "engines/perf/sampled_caller.hpp"
#include "model/syscalls/begin_call.hpp"
#include "model/syscalls/render.hpp"
#include "os/memory/remote_memory.hpp"
#include "os/perf/perf_events.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostSites = 10'000;
constexpr std::string_view kUnseen = "direct system calls are not seen";
constexpr std::string_view kLostProcessor =
    "direct system calls are not all seen: a processor was taken offline meanwhile";

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
    : needs_(needs), sink_(sink), reporter_(sink), covered_(std::move(covered)), events_(needs), lost_([this] {
        return events_.lost();
      }) {}

Result<void> DirectCalls::check() {
  const auto point = own_trace_point_number("syscalls/sys_exit_clock_gettime");
  if (!point) return tl::unexpected(point.error());
  auto stream = PerfStream::open();
  if (!stream) return tl::unexpected(stream.error());
  auto event = open_perf_system_call({0, Inherit::threads}, *point, {}, stream->rings().front());
  if (!event) return tl::unexpected(event.error());
  return {};
}

// ---- who is watched ----

void DirectCalls::watch_process(const Thread& thread) {
  note(thread);
  if (!reports(thread)) watch(thread);
}

void DirectCalls::watch(const Thread& thread) {
  if (thread.role != Thread::Role::traced) return;
  begin();
  note(thread);
  AddressSpace& space = *thread.space;
  const auto done = events_.open(thread.tid, space.abi());
  if (done) {
    const bool is_first = processes_[thread.tgid].insert(space.abi()).second;
    if (is_first && needs_.callers) space.symbols().follow(thread.tid);
    return;
  }
  if (space.abi() != Abi::x86_64) space.stop_at_every_syscall();
  note_unseen(thread, done.error().message);
}

void DirectCalls::note_unseen(const Thread& thread, const std::string& why) {
  if (!std::exchange(incomplete_, true)) report_unseen(thread, why);
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

/// What was recorded so far belongs to the time before.
void DirectCalls::begin() {
  PerfStream* stream = events_.stream();
  if (stream == nullptr || std::exchange(begun_, true)) return;
  stream->make_room();
  for (const PerfRecord& record : stream->take({}, true)) lost_.note(record);
  lost_.begin();
  stream->limit({monotonic_ns()});
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
  events_.on_birth(child.tid);
  const bool inherits = child.tgid == parent.tgid || needs_.children;
  const auto of_parent = processes_.find(parent.tgid);
  if (inherits && of_parent != processes_.end()) {
    processes_.try_emplace(child.tgid, of_parent->second);
    for (const Abi abi : of_parent->second) {
      if (const auto done = events_.hand_on(parent.tid, child.tid, child.tgid, abi); !done)
        note_unseen(child, done.error().message);
    }
  }
  note(child);
}

void DirectCalls::on_stop(const Thread& thread) {
  note(thread);
  look();
}

void DirectCalls::on_end(const Thread& thread) {
  look();
  watched_.erase(thread.tid);
  // It is no loss what threads lose that run on without us.
  if (watched_.empty()) report_lost();
}

// ---- what was recorded ----

Drained DirectCalls::drain() {
  const double fill = events_.stream() != nullptr ? std::min(1.0, events_.stream()->fill()) : 0;
  // No thread waits for room.
  constexpr double kUrgent = 0.25;
  if (fill >= kUrgent) urgency_.set(true);
  if (fill == 0) urgency_.set(false);
  return {take_records() > 0 ? Drained::Found::something : Drained::Found::nothing, fill};
}

void DirectCalls::look() { take_records(); }

/// How many there were.
std::size_t DirectCalls::take_records() {
  if (events_.stream() == nullptr) return 0;
  const Together together(sink_);
  const std::int64_t since_epoch = epoch_of_records_ns();
  auto records = events_.stream()->take({}, true);
  for (PerfRecord& record : records) {
    if (auto* sample = std::get_if<PerfSample>(&record)) on(*sample, since_epoch);
    lost_.note(record);
  }
  return records.size();
}

void DirectCalls::report_lost() {
  if (const auto more = lost_.count(); more > 0) sink_.accept({0, realtime_ns(), 0, 0, Lost{more}});
}

void DirectCalls::on(PerfSample& sample, std::int64_t since_epoch) {
  const auto found = watched_.find(sample.tid);
  const DirectCallEvent* event = events_.meaning(sample);
  if (found == watched_.end() || event == nullptr) return;
  Watched& watched = found->second;
  const auto returned = watched.calls.add(sample, *event);
  if (returned && watched.reported && is_call_of(event->abi, sample, *watched.space) &&
      !watched.space->every_call_stops())
    report(sample, event->abi, *returned, watched, since_epoch);
}

void DirectCalls::report(PerfSample& sample, Abi abi, const SampledCalls::Returned& returned, const Watched& watched,
                         std::int64_t since_epoch) {
  AddressSpace& space = *watched.space;
  if (!space.vdso().serves(abi, returned.nr)) return;
  // A stub may have made it in the place of the program's instruction.
  if (const SpaceRecord* calls = space.call_record())
    sample.registers = arch::moved_to(sample.registers, calls->own_place(arch::program_counter(sample.registers)));
  Call call = call_from(sample, abi, returned.nr, returned.result);
  SampledStack stack(sample);
  const VdsoFunction* maker = space.fallback_maker(call.instruction_pointer, call.stack_pointer, stack);
  if (maker != nullptr && covered_(space, *maker)) return;
  call.route = maker != nullptr ? Route::fallback : Route::syscall;
  if (maker != nullptr) call.symbol = service_for(*maker)->symbol;
  const bool timed = returned.entered_ns != 0;
  call.start_ns = (timed ? returned.entered_ns : sample.time_ns) + since_epoch;
  if (timed) call.duration_ns = sample.time_ns - returned.entered_ns;
  if (needs_.values) capture_exit(call, stack, needs_.limits);
  note_sampled_caller(sample, SampledAt::system_call, task_for(sample), needs_, space.symbols(), call);
  sink_.accept({0, sample.time_ns + since_epoch, watched.tgid, sample.tid, std::move(call)});
}

/// One that has the memory of the sample's thread: that may have ended since, and a leader may have ended before
/// others.
pid_t DirectCalls::task_for(const PerfSample& sample) const {
  return watched_.contains(sample.pid) ? sample.pid : sample.tid;
}

/// Which numbers the call goes by: that shows the code that made it, and its instruction.
bool DirectCalls::is_call_of(Abi abi, const PerfSample& sample, AddressSpace& space) {
  if (sample.is_64_bit != (abi != Abi::i386)) return false;
  if (sites_.size() >= kMostSites) sites_.clear();
  const std::uint64_t behind = arch::program_counter(sample.registers);
  const auto [site, is_new] = sites_.try_emplace({&space, behind}, true);
  if (is_new) {
    find_moved_vdso(space, task_for(sample));
    if (sample.is_64_bit) site->second = is_system_call(task_for(sample), behind - arch::kSystemCall.size());
  }
  return site->second;
}

void DirectCalls::finish() {
  if (events_.stream() == nullptr || processes_.empty()) return;
  if (!watched_.empty()) report_lost();
  if (incomplete_) return;
  if (events_.lost_processor()) {
    sink_.accept({0, realtime_ns(), 0, 0, Notice{std::string(kLostProcessor), Missing::direct_calls}});
    return;
  }
  sink_.accept({0, realtime_ns(), 0, 0,
                Notice{fmt::format("direct system calls: seen by trace points, {} lost", lost_.counted())}});
}

}  // namespace vdsotrace
