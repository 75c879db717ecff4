#include "engines/perf/engine.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "engines/perf/call.hpp"
#include "engines/perf/sampled_caller.hpp"
#include "engines/wanted_functions.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostFormer = 1024;

}  // namespace

std::shared_ptr<PerfWatch> FormerWatches::of(pid_t process) const {
  for (const auto* former : {&newest_, &older_}) {
    if (const auto found = former->find(process); found != former->end()) return found->second.lock();
  }
  return nullptr;
}

void FormerWatches::note(pid_t process, const std::shared_ptr<PerfWatch>& watch) {
  if (newest_.size() >= kMostFormer) older_ = std::exchange(newest_, {});
  newest_[process] = watch;
}

EngineStops PerfEngine::stops() const {
  const bool any = std::ranges::any_of(
      known_services(), [this](const VdsoService& service) { return is_wanted(service, Abi::x86_64, needs_); });
  return {any, any, any};
}

const PerfPlan& PerfEngine::plan_for(const VdsoImage& image) {
  const auto wanted = [this](const VdsoService& service) { return is_wanted(service, Abi::x86_64, needs_); };
  // System call stops show the fallbacks.
  return plans_.get(image, [&] { return plan_perf_points(image, wanted, true); });
}

/// Opens events of its own for the thread: breakpoints that it has inherited are gone since its exec.
void PerfEngine::install(AddressSpace& space, StoppedThread& stopped, std::span<StoppedThread* const>) {
  if (space.vdso().image() == nullptr) return;
  if (space.abi() != Abi::x86_64) {
    reporter_.report(stopped.thread(),
                     Notice{fmt::format("{} program: its vDSO calls are not observed", name_of(space.abi())),
                            Missing::user_space_calls});
    return;
  }
  const PerfPlan& plan = plan_for(*space.vdso().image());
  if (plan.points.empty()) return;
  watch(stopped.thread());
  if (!warned_limits_.insert(space.vdso().image()).second) return;
  for (Notice& limit : perf_limits(plan, true)) reporter_.report(stopped.thread(), std::move(limit));
}

WatchSpec PerfEngine::order_for(const AddressSpace& space) {
  WatchSpec order{space.vdso().base(), plan_for(*space.vdso().image()).points, false, {}, {}};
  order.stack_bytes = sampled_stack_bytes(needs_);
  return order;
}

void PerfEngine::watch(const Thread& thread) {
  const AddressSpace& space = *thread.space;
  Watched& watched = watched_[thread.tid];
  watched.tgid = thread.tgid;
  watched.reported = thread.is_reported();
  watched.base = space.vdso().base();
  watched.size = space.vdso().size();
  watched.watch = std::make_shared<PerfWatch>();
  const PerfTarget target{thread.tid, heirs_};
  watched.space = thread.space;
  const WatchSpec order = order_for(space);
  if (auto done = watched.watch->add(target, order, stream_.rings()); !done)
    reporter_.report(thread, Notice{fmt::format("vDSO calls are not all seen: {}", done.error().message),
                                    Missing::user_space_calls});
}

bool PerfEngine::vacate_for_detach(StoppedThread& stopped, bool) {
  on_end(stopped.thread());
  return true;
}

/// A signal is about to be reported: calls that the thread has left are over.
void PerfEngine::move_out_of_engine_code(StoppedThread& stopped) {
  const auto found = watched_.find(stopped.tid());
  if (found == watched_.end() || found->second.open.empty()) return;
  const auto* registers = stopped.registers();
  if (registers != nullptr && !found->second.in_vdso(arch::program_counter(*registers)))
    found->second.open.saw_code_outside_vdso(arch::stack_pointer(*registers), left_by(stopped.tid()));
}

void PerfEngine::on_stop(Thread& thread) {
  const auto found = watched_.find(thread.tid);
  if (found != watched_.end()) found->second.reported = thread.is_reported();
  take(thread.tid);
}

/// The child has inherited the events of a parent that is no more, too, if somebody else still has them.
void PerfEngine::on_clone(const Thread& parent, const Thread& child) {
  const auto found = watched_.find(parent.tid);
  auto watch = found != watched_.end() ? found->second.watch : former_.of(parent.tgid);
  if (watch == nullptr) return;
  watched_[child.tid] = {child.tgid,
                         child.is_reported(),
                         child.space->vdso().base(),
                         child.space->vdso().size(),
                         std::move(watch),
                         child.space,
                         {}};
}

/// Or else it has lost them with its parent.
void PerfEngine::on_first_stop(StoppedThread& stopped) {
  const Thread& thread = stopped.thread();
  if (thread.role != Thread::Role::traced || thread.space->vdso().image() == nullptr || watched_.contains(thread.tid))
    return;
  if (thread.space->abi() == Abi::x86_64 && !plan_for(*thread.space->vdso().image()).points.empty()) watch(thread);
}

void PerfEngine::on_vdso_moved(AddressSpace& space, StoppedThread& stopped) {
  std::vector<pid_t> threads;
  const pid_t tgid = stopped.thread().tgid;
  for (auto& [tid, watched] : watched_) {
    if (watched.tgid == tgid) threads.push_back(tid);
  }
  // Breakpoints at the old place are given back first, those that were inherited too.
  for (const pid_t tid : threads) watched_[tid].watch.reset();
  for (const pid_t tid : threads) {
    Watched& watched = watched_[tid];
    watched.base = space.vdso().base();
    watched.watch = std::make_shared<PerfWatch>();
    static_cast<void>(watched.watch->add({tid, heirs_}, order_for(space), stream_.rings()));
  }
}

// ---- what was recorded ----

void PerfEngine::take(std::optional<pid_t> stopped) {
  const Together together(sink_);
  const std::int64_t since_epoch = epoch_of_records_ns();
  for (const PerfRecord& record : stream_.take(stopped)) {
    if (const auto* lost = std::get_if<PerfLost>(&record)) sink_.accept({0, realtime_ns(), 0, 0, Lost{lost->count}});
    const auto* sample = std::get_if<PerfSample>(&record);
    const auto found = sample != nullptr ? watched_.find(sample->tid) : watched_.end();
    if (found == watched_.end() || !found->second.watch) continue;
    const PerfEventInfo* meaning = found->second.watch->meaning(sample->event);
    if (meaning == nullptr || meaning->kind != PerfEventInfo::Kind::point || !sample->is_64_bit) continue;
    Call call = perf_call(*sample, *meaning->point.service, since_epoch);
    call.route = Route::vdso;
    note_sampled_caller(*sample, SampledAt::function_entry, sample->tid, needs_, found->second.space->symbols(), call);
    found->second.open.enter(std::move(call), arch::stack_pointer(sample->registers), left_by(sample->tid));
    with_open_calls_.insert(sample->tid);
    ++taken_;
  }
}

OpenCalls::OnAbandoned PerfEngine::left_by(pid_t tid) {
  return [this, tid](Call&& call) {
    const auto found = watched_.find(tid);
    // A fallback was reported when its system call returned.
    if (found == watched_.end() || !found->second.reported || call.ending == Ending::returned) return;
    call.ending = Ending::unseen;
    sink_.accept({0, realtime_ns(), found->second.tgid, tid, std::move(call)});
  };
}

bool PerfEngine::on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) {
  const auto found = watched_.find(thread.tid);
  if (found == watched_.end()) return false;
  if (fallback == nullptr) {
    found->second.open.saw_code_outside_vdso(stack_pointer, left_by(thread.tid));
    return false;
  }
  Call* call = found->second.open.innermost();
  const VdsoService* service = service_for(*fallback);
  if (call == nullptr || service == nullptr || call->name != service->syscall) return false;
  call->route = Route::fallback;
  return true;
}

void PerfEngine::on_fallback_exit(Thread& thread, Call&& call) {
  call.engine = name();
  const auto found = watched_.find(thread.tid);
  Call* open = found != watched_.end() ? found->second.open.innermost() : nullptr;
  if (open == nullptr || open->route != Route::fallback) {
    // Of a function that is not watched, or entered before we came.
    reporter_.report(thread, std::move(call));
    return;
  }
  // One call may make several system calls.
  if (open->ending == Ending::returned) return;
  open->ending = Ending::returned;
  call.start_ns = open->start_ns;
  reporter_.report(thread, std::move(call));
}

void PerfEngine::on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) {
  if (const auto found = watched_.find(thread.tid); found != watched_.end())
    found->second.open.enter_handler(stack_pointer, alternate_stack);
}

void PerfEngine::on_handler_return(Thread& thread, std::uint64_t stack_pointer) {
  if (const auto found = watched_.find(thread.tid); found != watched_.end())
    found->second.open.leave_handler(stack_pointer, left_by(thread.tid));
}

void PerfEngine::on_end(Thread& thread) {
  take(thread.tid);
  const auto found = watched_.find(thread.tid);
  if (found == watched_.end()) return;
  found->second.open.end(left_by(thread.tid));
  former_.note(thread.tgid, found->second.watch);
  watched_.erase(found);
  with_open_calls_.erase(thread.tid);
}

Drained PerfEngine::drain() {
  taken_ = 0;
  take(std::nullopt);
  // It is not known how full the rings were: they are read as if there were no time for sleep.
  if (taken_ > 0) return {Drained::Found::something, 1};
  close_calls_of_sleepers();
  return {Drained::Found::nothing};
}

/// A thread that sleeps in a system call made elsewhere has left the function that it entered last.
void PerfEngine::close_calls_of_sleepers() {
  std::erase_if(with_open_calls_, [this](pid_t tid) {
    const auto found = watched_.find(tid);
    if (found == watched_.end() || found->second.open.empty()) return true;
    const auto at = proc::user_pc_while_blocked(tid);
    if (!at || found->second.in_vdso(*at)) return false;
    found->second.open.saw_code_outside_vdso(0, left_by(tid));
    return true;
  });
}

}  // namespace vdsotrace
