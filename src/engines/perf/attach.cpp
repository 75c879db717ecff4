// How a session of the perf engine gets hold of a process.
#include <fmt/core.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/clock.hpp"
#include "engines/perf/session.hpp"
#include "os/memory/vdso_mapping.hpp"
#include "os/proc/pid_namespace.hpp"
#include "os/proc/proc.hpp"
#include "trace/attach/seize.hpp"

namespace vdsotrace {
namespace {

Error cannot_attach(pid_t pid, const Error& why) {
  return {why.code, fmt::format("cannot attach to process {}: {}", pid, why.message), why.hint};
}

}  // namespace

UniqueFd open_process(pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

Result<void> PerfSession::attach(std::span<const pid_t> pids) {
  allow_many_descriptors();
  if (auto opened = probes_.open(); !opened) return opened;
  for (const pid_t pid : pids) {
    if (auto done = attach(pid); !done) return done;
  }
  // Of what was recorded while some events were not there yet, nothing counts.
  probes_.stream().make_room();
  since_ = monotonic_ns();
  for (auto& [pid, process] : processes_.all()) process.since = since_;
  probes_.stream().limit({since_});
  return {};
}

Result<void> PerfSession::attach(pid_t pid) {
  const auto tgid = static_cast<pid_t>(proc::status_number(pid, "Tgid").value_or(pid));
  if (processes_.find(tgid) != nullptr) return {};
  if (auto checked = check_observable(tgid); !checked) return checked;
  // One without a vDSO is no error.
  const auto vdso = read_vdso(tgid);
  if (!vdso && !says_none(vdso.error())) return tl::unexpected(vdso.error());
  WatchedProcess process{
      open_process(tgid), std::make_shared<AddressSpace>(SpaceVdso(vdso, Abi::x86_64, images_)), {}, 0, {}};
  if (needs_.callers || needs_.stacks) process.space->symbols().follow(tgid);
  const auto threads = probes_.watch_threads(tgid, *process.space);
  if (!threads) return tl::unexpected(cannot_attach(tgid, threads.error()));
  for (const pid_t tid : *threads) process.threads.try_emplace(tid);
  processes_.add(tgid, std::move(process));
  return {};
}

void PerfSession::report_beginning(pid_t pid, const WatchedProcess& process) {
  const auto parent = static_cast<pid_t>(proc::status_number(pid, "PPid").value_or(0));
  std::size_t count = process.threads.size();
  // The leader's number names the process.
  const auto begin = [&](pid_t tid) {
    const auto vdso = count > 0 ? process.space->vdso().facts() : std::nullopt;
    const pid_t inside = count > 0 ? other_pid_inside(pid) : 0;
    processes_.report(
        pid, tid,
        Started{Started::How::attach, parent, std::exchange(count, 0), vdso, process.space->vdso().is_known(), inside});
  };
  if (process.threads.contains(pid)) begin(pid);
  for (const auto& [tid, calls] : process.threads) {
    if (tid != pid) begin(tid);
  }
  report_limits(pid, *process.space);
}

void PerfSession::report_limits(pid_t pid, const AddressSpace& space) {
  if (!probes_.see_system_calls() && needs_.selection.wants_route(Route::syscall))
    processes_.report(
        pid, pid,
        Notice{"tracefs is not mounted or may not be read: direct system calls are not seen", Missing::direct_calls});
  if (!space.vdso().is_known()) {
    processes_.report(
        pid, pid, Notice{fmt::format("its vDSO cannot be found: {}", space.vdso().unusable()), Missing::vdso_calls});
  } else if (!space.vdso().is_mapped()) {
    processes_.report(pid, pid, Notice{"this program has no vDSO"});
  } else if (space.vdso().image() == nullptr) {
    processes_.report(
        pid, pid, Notice{fmt::format("its vDSO cannot be observed: {}", space.vdso().unusable()), Missing::vdso_calls});
  } else if (space.abi() != Abi::x86_64) {
    processes_.report(
        pid, pid,
        Notice{fmt::format("{} program: its vDSO calls are not observed", name_of(space.abi())), Missing::vdso_calls});
  } else {
    for (Notice& limit : perf_limits(probes_.plan_for(*space.vdso().image()), probes_.see_system_calls()))
      processes_.report(pid, pid, std::move(limit));
  }
}

}  // namespace vdsotrace
