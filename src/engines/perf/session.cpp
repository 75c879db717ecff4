#include "engines/perf/session.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/clock.hpp"
#include "engines/perf/call.hpp"
#include "engines/perf/sampled_caller.hpp"
#include "os/memory/vdso_mapping.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {
namespace {

/// How long records of a quiet process may wait to be reported; busy ones wake us by filling a ring.
constexpr std::int64_t kLookEveryNs = 20'000'000;
constexpr std::int64_t kMillisecond = 1'000'000;

}  // namespace

void PerfSession::run(std::optional<std::int64_t> duration_ns) {
  for (const auto& [pid, process] : processes_.all()) report_beginning(pid, process);
  std::optional<std::int64_t> until;
  if (duration_ns) until = monotonic_ns() + *duration_ns;
  while (!processes_.empty() && !signals_.take() && (!until || monotonic_ns() < *until)) {
    wait(until);
    take(false);
    processes_.close_calls_of_sleepers(probes_.stream().complete_until());
    processes_.report_caller_notices();
    processes_.end_dead(probes_.stream().complete_until());
    sink_.flush();
  }
  detach();
}

void PerfSession::wait(std::optional<std::int64_t> until) {
  std::vector<pollfd> descriptors;
  for (const PerfRing& ring : probes_.stream().rings()) descriptors.push_back({ring.descriptor(), POLLIN, 0});
  for (const auto& [pid, process] : processes_.all()) descriptors.push_back({process.descriptor.get(), POLLIN, 0});
  std::int64_t ns = kLookEveryNs;
  if (until) ns = std::clamp<std::int64_t>(*until - monotonic_ns(), 0, ns);
  // A signal to us interrupts it.
  ::poll(descriptors.data(), descriptors.size(), static_cast<int>((ns + kMillisecond - 1) / kMillisecond));
}

void PerfSession::take(bool all) {
  const Together together(sink_);
  since_epoch_ = epoch_of_records_ns();
  for (const PerfRecord& record : probes_.stream().take({}, all)) {
    if (until_ && time_of(record) > *until_ && !std::holds_alternative<PerfLost>(record)) continue;
    std::visit([this](const auto& one) { on(one); }, record);
  }
}

// ---- what was recorded ----

void PerfSession::on(const PerfSample& sample) {
  WatchedProcess* process = processes_.find(sample.pid);
  const PerfEventInfo* meaning = probes_.meaning(sample.event);
  if (process == nullptr || meaning == nullptr || sample.time_ns < process->since) return;
  RouteInference& calls = process->threads[sample.tid];
  switch (meaning->kind) {
    case PerfEventInfo::Kind::point: on_point(sample, *meaning, *process, calls); break;
    case PerfEventInfo::Kind::system_call_entered: on_system_call(sample, *process, calls); break;
    case PerfEventInfo::Kind::system_call_returned: on_return(sample, calls); break;
    case PerfEventInfo::Kind::other: break;
  }
}

void PerfSession::on_point(const PerfSample& sample, const PerfEventInfo& meaning, const WatchedProcess& process,
                           RouteInference& calls) {
  if (!sample.is_64_bit) return;
  const auto report = processes_.report_calls(sample.pid, sample.tid);
  if (meaning.point.kind == PerfPoint::Kind::fallback) {
    const VdsoService* service = meaning.point.service;
    calls.fell_back(service != nullptr ? service->symbol : std::string_view(), report);
    return;
  }
  Call call = perf_call(sample, *meaning.point.service, since_epoch_);
  note_sampled_caller(sample, SampledAt::function_entry, sample.tid, needs_, process.space->symbols(), call);
  calls.entered(std::move(call), meaning.point.fallbacks, meaning.origin, report);
  if (sample.time_ns <= doubtful_until_) calls.lost(report);
}

void PerfSession::on_system_call(const PerfSample& sample, const WatchedProcess& process, RouteInference& calls) {
  const AddressSpace& space = *process.space;
  auto call = perf_system_call(sample, since_epoch_);
  if (!call) return;
  const VdsoFunction* function = sample.is_64_bit ? space.fallback_at(arch::program_counter(sample.registers))
                                                  : nullptr;
  if (function != nullptr && probes_.watches(space, *function)) {
    calls.fallback_call(std::move(*call));
    return;
  }
  if (space.vdso().serves(call->abi, call->nr)) call->route = function != nullptr ? Route::fallback : Route::syscall;
  if (function != nullptr) call->symbol = service_for(*function)->symbol;
  if (call->route || needs_.stacks)
    note_sampled_caller(sample, SampledAt::system_call, sample.tid, needs_, space.symbols(), *call);
  calls.system_call(std::move(*call), processes_.report_calls(sample.pid, sample.tid));
}

void PerfSession::on_return(const PerfSample& sample, RouteInference& calls) {
  if (const auto returned = parse_system_call_returned(sample.raw))
    calls.system_call_returned(returned->result, sample.time_ns + since_epoch_,
                               processes_.report_calls(sample.pid, sample.tid));
}

void PerfSession::on(const PerfFork& fork) {
  WatchedProcess* creator = processes_.find(fork.parent_pid);
  if (creator == nullptr) return;
  if (fork.pid == fork.parent_pid) {
    // Those that were found at the attach are known.
    if (creator->threads.try_emplace(fork.tid).second)
      processes_.report(fork.pid, fork.tid, Started{Started::How::thread, fork.parent_pid});
    return;
  }
  if (!needs_.children) return;
  WatchedProcess child{open_process(fork.pid), creator->space->copy_for_fork(), {}, creator->since, {}};
  child.threads.try_emplace(fork.tid);
  if (needs_.callers || needs_.stacks) child.space->symbols().follow(fork.pid);
  if (processes_.add(fork.pid, std::move(child)))
    processes_.report(fork.pid, fork.tid, Started{Started::How::fork, fork.parent_pid});
}

void PerfSession::on(const PerfEnd& end) { processes_.end_thread(end.pid, end.tid, unseen_end()); }

void PerfSession::on(const PerfExec& exec) {
  WatchedProcess* process = processes_.find(exec.pid);
  if (process == nullptr) return;
  RouteInference& calls = process->threads[exec.pid];
  calls.left(processes_.report_calls(exec.pid, exec.pid));
  calls.forget_entries();
  AddressSpace& space =
      *(process->space = std::make_shared<AddressSpace>(SpaceVdso(read_vdso(exec.pid), Abi::x86_64, images_)));
  const auto done = probes_.watch_again(exec.pid, space);
  process->since = monotonic_ns();
  if (needs_.callers || needs_.stacks) space.symbols().follow(exec.pid);
  processes_.report(exec.pid, exec.pid,
                    Execed{proc::executable(exec.pid), 0, space.abi(), space.vdso().facts(), space.vdso().is_known()});
  processes_.report(
      exec.pid, exec.pid,
      Notice{done ? "it has executed a program: vDSO calls that this made before now are missing"
                  : fmt::format("it has executed a program: its vDSO calls are not seen: {}", done.error().message),
             Missing::vdso_calls});
}

/// The record that shows how an open call ended may be among the lost ones, and it is not known whose these were.
void PerfSession::on(const PerfLost& lost) {
  processes_.doubt_open_calls();
  processes_.report(0, 0, Lost{lost.count});
}

/// A thread may have gone on meanwhile on a processor whose ring was full, and be back on another one before the loss
/// is reported.
void PerfSession::on(const PerfGap& gap) {
  processes_.doubt_open_calls();
  doubtful_until_ = std::max(doubtful_until_, gap.until_ns);
}

/// While events are closed one after another an entry may be missed and the fallback after it be seen, or the other way
/// round. So nothing of that time is evidence, and the route of a call that is open then is not known.
void PerfSession::detach() {
  processes_.close_calls_of_sleepers(probes_.stream().complete_until());
  // The kernel reports a loss with the next record for which there is room.
  until_ = monotonic_ns();
  probes_.stream().limit({since_, *until_});
  take(false);
  probes_.stop();
  take(true);
  processes_.abandon_open_calls(*until_);
  processes_.report_caller_notices();
  processes_.end_all(Detached{});
}

}  // namespace vdsotrace
