#include "trace/attach/orphans.hpp"

#include <linux/sched.h>

#include <algorithm>

#include "base/clock.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostEnded = 64;
constexpr std::int64_t kFirstLookNs = 1'000'000;
constexpr std::int64_t kRarestLookNs = 50'000'000;
/// No task was found that can have made it.
constexpr std::int64_t kUnexplainedNs = 1'000'000'000;
/// A thread that has run for so long since is not still at the few instructions between making a child and reporting
/// it.
constexpr std::int64_t kPastCloneNs = 10'000'000;

std::int64_t run_time_ns(pid_t tid) { return proc::run_time_ns(tid).value_or(0); }

bool is_alive(pid_t tid) {
  const auto state = proc::state(tid);
  return state && *state != 'Z' && *state != 'X';
}

}  // namespace

void Orphans::keep(const TraceeStop& stop) {
  // Most are claimed by the next event; the rest were never ours (the command of -o '|CMD').
  if (unclaimed_.size() >= kMostEnded) std::erase_if(unclaimed_, [](const auto& e) { return e.second.status.ended(); });
  const std::int64_t now = monotonic_ns();
  unclaimed_.insert_or_assign(stop.tid, UnclaimedStop{stop.status, now, now + kFirstLookNs, {}});
}

void Orphans::claim_stop(pid_t tid) {
  const auto kept = unclaimed_.extract(tid);
  if (!kept) return;
  const WaitStatus status = kept.mapped().status;
  // An end that was not claimed was that of another with the same number.
  if (!status.ended() || !is_alive(tid)) claimed_.push_back({tid, status});
}

std::optional<TraceeStop> Orphans::take_claimed() {
  if (claimed_.empty()) return std::nullopt;
  const TraceeStop first = claimed_.front();
  claimed_.pop_front();
  return first;
}

/// Whether that thread may have made the child and is about to report it.
bool Orphans::may_be_cloning(const Thread& thread, UnclaimedStop& stop) const {
  const auto state = proc::state(thread.tid);
  if (thread.stopped || !state) return false;
  // The end of a process is yet to be heard of; a first thread that ended before the others is not.
  if (*state == 'Z' || *state == 'X') return tasks_.threads_of(thread.tgid)->size() == 1;
  if (thread.rests && (*state == 't' || *state == 'D')) return false;
  if (*state != 'R') return *state == 't' || *state == 'D';
  const std::int64_t ran = run_time_ns(thread.tid);
  return ran - stop.ran.try_emplace(thread.tid, ran).first->second < kPastCloneNs;
}

bool Orphans::may_be_reported(pid_t child, UnclaimedStop& stop) const {
  const auto is_creator = [&](pid_t tid) { return may_be_cloning(*tasks_.find(tid), stop); };
  if ((look_at_orphan(child).sharing & CLONE_PARENT) != 0) {
    return std::ranges::any_of(tasks_.threads(), [&](const auto& entry) { return is_creator(entry.first); });
  }
  const auto* threads = tasks_.threads_of(static_cast<pid_t>(proc::status_number(child, "PPid").value_or(0)));
  return threads != nullptr && std::ranges::any_of(*threads, is_creator);
}

bool Orphans::is_orphan(pid_t tid, UnclaimedStop& stop, bool at_last) const {
  // A thread ends with its creator.
  if (proc::status_number(tid, "Tgid").value_or(tid) != tid) return false;
  return at_last || !may_be_reported(tid, stop);
}

Thread* Orphans::claim_orphan(pid_t tid, bool at_last) {
  const auto found = unclaimed_.find(tid);
  if (found == unclaimed_.end()) return nullptr;
  UnclaimedStop& stop = found->second;
  const std::int64_t now = monotonic_ns();
  const bool give_up = at_last || now - stop.since > kUnexplainedNs;
  const bool is_one = is_orphan(tid, stop, at_last);
  Thread* child = is_one ? tasks_.claim_orphan(tid, give_up) : nullptr;
  if (child != nullptr) {
    claimed_.push_back({tid, stop.status});
  } else if (is_one && give_up) {
    detach_stray(tid);
  } else {
    stop.due = now + std::clamp(now - stop.since, kFirstLookNs, kRarestLookNs);
    return nullptr;
  }
  unclaimed_.erase(tid);
  return child;
}

/// Takes what we may have left in the memory of a stopped process of unknown origin out of it, and detaches it, or
/// if it cannot live without a tracer, guards it.
void Orphans::detach_stray(pid_t tid) {
  Thread stray;
  stray.tid = stray.tgid = tid;
  stray.space = std::make_shared<AddressSpace>();
  stray.actions = std::make_shared<SignalActions>();
  stray.role = Thread::Role::guarded;
  stray.phase = Thread::Phase::live;
  StoppedThread stopped(stray);
  engine_.undo_leftovers(stopped);
  const Resume how = tasks_.detach_or_guard(stray, 0);
  std::move(stopped).resume(how, false);
  if (how.how == Resume::How::run) tasks_.add(tid, tid) = stray;
}

std::vector<pid_t> Orphans::due(bool at_last) const {
  if (unclaimed_.empty()) return {};
  const std::int64_t now = monotonic_ns();
  std::vector<pid_t> due;
  for (const auto& [tid, stop] : unclaimed_) {
    if (!stop.status.ended() && (at_last || stop.due <= now)) due.push_back(tid);
  }
  return due;
}

std::optional<std::int64_t> Orphans::until_due(std::int64_t now) const {
  std::optional<std::int64_t> next;
  for (const auto& [tid, stop] : unclaimed_) {
    if (!stop.status.ended()) next = std::min(next.value_or(kRarestLookNs), std::max<std::int64_t>(stop.due - now, 0));
  }
  return next;
}

}  // namespace vdsotrace
