#include "trace/attach/departed.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

#include "base/clock.hpp"
#include "os/proc/proc.hpp"
#include "trace/thread/sharing.hpp"

namespace vdsotrace {
namespace {

/// Processes that die at the same moment and leave children behind.
constexpr std::size_t kMostDeparted = 1024;
/// Their children stop at once; a machine can be busy.
constexpr std::int64_t kMemoryNs = 60'000'000'000;
/// starttime of proc(5) is in hundredths of a second.
constexpr std::int64_t kTickNs = 10'000'000;

std::uint64_t sharing_of_orphan(pid_t tid) {
  const auto registers = ptrace::registers(tid);
  if (!registers) return 0;
  auto call = arch::system_call(*registers);
  // A 64-bit program can make a 32-bit call.
  if (const auto info = ptrace::syscall_info(tid))
    call.abi = arch::abi_of(info->arch, static_cast<std::uint64_t>(call.nr));
  RemoteMemory memory(tid);
  return sharing_of(call, memory);
}

/// How many signals the orphan treats otherwise than that thread did.
int differing_signals(const Thread& thread, const Orphan& orphan) {
  std::uint64_t ignored = 0, caught = 0;
  for (int signal = 1; signal <= SignalActions::kSignals; ++signal) {
    if (thread.actions->ignored(signal)) ignored |= signal_bit(signal);
    if (thread.actions->has_handler(signal)) caught |= signal_bit(signal);
  }
  return std::popcount(ignored ^ orphan.ignored) + std::popcount(caught ^ orphan.caught);
}

bool has_its_vdso(const std::optional<proc::Mapping>& vdso, const AddressSpace& space) {
  return vdso ? space.vdso().is_mapped() && space.vdso().base() == vdso->start : !space.vdso().is_mapped();
}

}  // namespace

Orphan look_at_orphan(pid_t tid) {
  Orphan orphan{tid, sharing_of_orphan(tid), {}, 0, 0};
  if (const auto born = proc::start_time_ns(tid)) orphan.born_ns = clock_ns(CLOCK_BOOTTIME) - (realtime_ns() - *born);
  orphan.ignored = proc::status_signals(tid, "SigIgn").value_or(0);
  orphan.caught = proc::status_signals(tid, "SigCgt").value_or(0);
  return orphan;
}

void Departed::note(const Thread& thread) {
  // A thread of these phases has not been looked at yet: there is nothing to be remembered.
  if (thread.phase == Thread::Phase::launching || thread.phase == Thread::Phase::attached) return;
  const std::int64_t now = clock_ns(CLOCK_BOOTTIME);
  while (!departed_.empty() && (departed_.size() >= kMostDeparted || departed_.front().ended_ns < now - kMemoryNs))
    departed_.pop_front();
  Thread& noted = departed_.emplace_back(Entry{thread, now}).thread;
  noted.tid = 0;  // the number may soon be another task's
  noted.phase = Thread::Phase::live;
  noted.in_call.reset();
  noted.space = thread.space->copy_for_fork();
}

const Thread* Departed::creator_of(const Orphan& orphan, bool at_last) const {
  const auto vdso = departed_.empty() ? std::nullopt : proc::vdso_mapping(orphan.tid);
  // An orphan whose time of birth is not known may have been born at any time since the machine was started.
  const std::int64_t born = orphan.born_ns.value_or(kTickNs) - kTickNs;
  using Rank = std::tuple<bool, bool, int, std::int64_t>;  // the least is the best
  std::optional<std::pair<Rank, const Thread*>> best;
  for (const Entry& entry : departed_) {
    const bool too_early = entry.ended_ns < born;
    if (!has_its_vdso(vdso, *entry.thread.space) || (too_early && !at_last)) continue;
    const bool differs = !entry.thread.space->vdso().is_in(orphan.tid);
    if (differs && !at_last) continue;
    // An orphan whose memory is like several others' is taken for the child of the first that ended since its clone.
    const Rank rank{differs, too_early, differing_signals(entry.thread, orphan), std::abs(entry.ended_ns - born)};
    if (!best || rank < best->first) best.emplace(rank, &entry.thread);
  }
  return best ? best->second : nullptr;
}

}  // namespace vdsotrace
