// How a session of the perf engine gets hold of a process.
#include <fmt/core.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"
#include "engines/perf/session.hpp"
#include "engines/wanted_functions.hpp"
#include "os/pid_namespace.hpp"
#include "os/proc.hpp"
#include "os/vdso_mapping.hpp"
#include "trace/attach/seize.hpp"

namespace vdsotrace {
namespace {

/// A process whose threads start new ones faster than they can be watched, for so many rounds, is no usual one.
constexpr int kMostPasses = 1000;

Error cannot_attach(pid_t pid, const Error& why) {
  return {why.code, fmt::format("cannot attach to process {}: {}", pid, why.message), why.hint};
}

}  // namespace

UniqueFd open_process(pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

Result<PerfSession::TracePoints> PerfSession::find_trace_points() {
  const auto entered = perf_trace_point_number("raw_syscalls/sys_enter");
  if (!entered) return tl::unexpected(entered.error());
  const auto returned = perf_trace_point_number("raw_syscalls/sys_exit");
  if (!returned) return tl::unexpected(returned.error());
  // Whether they are permitted is tried on ourselves.
  if (auto event = open_perf_trace_point({0, Inherit::threads}, *entered, stream_->rings().front()); !event)
    return tl::unexpected(event.error());
  return TracePoints{*entered, *returned};
}

Result<void> PerfSession::attach(std::span<const pid_t> pids) {
  allow_many_descriptors();
  auto stream = PerfStream::open();
  if (!stream) return tl::unexpected(stream.error());
  stream_.emplace(std::move(*stream));
  if (auto found = find_trace_points()) trace_points_ = *found;
  for (const pid_t pid : pids) {
    if (auto done = attach(pid); !done) return done;
  }
  // Of what was recorded while some events were not there yet, nothing counts.
  stream_->make_room();
  since_ = monotonic_ns();
  for (auto& [pid, process] : processes_) process.since = since_;
  stream_->limit({since_});
  return {};
}

Result<void> PerfSession::attach(pid_t pid) {
  const auto tgid = static_cast<pid_t>(proc::status_number(pid, "Tgid").value_or(pid));
  if (processes_.contains(tgid)) return {};
  if (auto checked = check_observable(tgid); !checked) return checked;
  // One without a vDSO is no error.
  const auto vdso = read_vdso(tgid);
  if (!vdso && !says_none(vdso.error())) return tl::unexpected(vdso.error());
  Process process{open_process(tgid), AddressSpace::of(vdso, Abi::x86_64, images_), {}, 0, {}};
  if (auto watched = watch_threads(tgid, process); !watched)
    return tl::unexpected(cannot_attach(tgid, watched.error()));
  processes_.emplace(tgid, std::move(process));
  return {};
}

Result<void> PerfSession::watch_threads(pid_t pid, Process& process) {
  const WatchSpec order = order_for(*process.space);
  for (int pass = 0; pass < kMostPasses; ++pass) {
    std::size_t found = 0;
    for (const pid_t tid : proc::threads_of(pid)) {
      if (!process.threads.try_emplace(tid).second) continue;
      ++found;
      // Only those that were there before the first was watched cannot have inherited anything.
      if (pass > 0) {
        watch_.complete(target(tid), order, stream_->rings());
        continue;
      }
      auto done = watch_.add(target(tid), order, stream_->rings());
      stream_->make_room();
      if (!done && done.error().code != ESRCH) return done;
      if (!done) process.threads.erase(tid);
    }
    if (found == 0) break;
  }
  if (process.threads.empty()) return fail("No such process");
  return {};
}

PerfTarget PerfSession::target(pid_t tid) const {
  return {tid, needs_.children ? Inherit::processes : Inherit::threads};
}

WatchSpec PerfSession::order_for(const AddressSpace& space) {
  WatchSpec order{space.base(), {}, true, {}, {}};
  if (trace_points_) order.system_call_entered = trace_points_->entered;
  if (trace_points_) order.system_call_returned = trace_points_->returned;
  if (space.image() != nullptr && space.abi() == Abi::x86_64) order.points = plan_for(*space.image()).points;
  return order;
}

const PerfPlan& PerfSession::plan_for(const VdsoImage& image) {
  const auto wanted = [this](const VdsoService& service) { return is_wanted(service, Abi::x86_64, needs_); };
  return plans_.get(image, [&] { return plan_perf_points(image, wanted, trace_points_.has_value()); });
}

void PerfSession::report_beginning(pid_t pid, const Process& process) {
  const auto parent = static_cast<pid_t>(proc::status_number(pid, "PPid").value_or(0));
  std::size_t count = process.threads.size();
  // The leader's number names the process.
  const auto begin = [&](pid_t tid) {
    const auto vdso = count > 0 ? process.space->facts() : std::nullopt;
    const pid_t inside = count > 0 ? other_pid_inside(pid) : 0;
    report(pid, tid,
           Started{Started::How::attach, parent, std::exchange(count, 0), vdso, process.space->is_known(), inside});
  };
  if (process.threads.contains(pid)) begin(pid);
  for (const auto& [tid, calls] : process.threads) {
    if (tid != pid) begin(tid);
  }
  report_limits(pid, *process.space);
}

void PerfSession::report_limits(pid_t pid, const AddressSpace& space) {
  if (!trace_points_ && needs_.selection.wants_route(Route::syscall))
    report(
        pid, pid,
        Notice{"tracefs is not mounted or may not be read: direct system calls are not seen", Missing::direct_calls});
  if (!space.is_known()) {
    report(pid, pid, Notice{fmt::format("its vDSO cannot be found: {}", space.unusable()), Missing::vdso_calls});
  } else if (!space.has_vdso()) {
    report(pid, pid, Notice{"this program has no vDSO"});
  } else if (space.image() == nullptr) {
    report(pid, pid, Notice{fmt::format("its vDSO cannot be observed: {}", space.unusable()), Missing::vdso_calls});
  } else if (space.abi() != Abi::x86_64) {
    report(
        pid, pid,
        Notice{fmt::format("{} program: its vDSO calls are not observed", name_of(space.abi())), Missing::vdso_calls});
  } else {
    for (Notice& limit : perf_limits(plan_for(*space.image()), trace_points_.has_value()))
      report(pid, pid, std::move(limit));
  }
}

}  // namespace vdsotrace
