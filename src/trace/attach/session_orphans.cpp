// Stops of tasks that nobody has told of yet: mostly their creator's event comes next. If the creator was killed, or replaced by
// another thread's exec, between making them and saying so, it never comes.

#include <algorithm>

#include "base/clock.hpp"
#include "os/proc.hpp"
#include "trace/session.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostEnded = 64;
constexpr std::int64_t kFirstLookNs = 1'000'000;
constexpr std::int64_t kRarestLookNs = 50'000'000;
/// Nobody was found who can have made it.
constexpr std::int64_t kUnexplainedNs = 1'000'000'000;
constexpr std::int64_t kLastOrphansNs = 10'000'000'000;
/// A thread that has run for so long since is not still at the few instructions between making a child and saying so.
constexpr std::int64_t kPastBirthNs = 10'000'000;

std::int64_t run_time_ns(pid_t tid) { return proc::run_time_ns(tid).value_or(0); }

bool is_alive(pid_t tid) {
  const auto state = proc::state(tid);
  return state && *state != 'Z' && *state != 'X';
}

}  // namespace

void Session::keep_unclaimed(const TraceeStop& stop) {
  // Most are claimed by the next event; the rest were never ours (the command of -o '|CMD').
  if (unclaimed_stops_.size() >= kMostEnded)
    std::erase_if(unclaimed_stops_, [](const auto& e) { return e.second.status.ended(); });
  const std::int64_t now = monotonic_ns();
  unclaimed_stops_.insert_or_assign(stop.tid, UnclaimedStop{stop.status, now, now + kFirstLookNs, {}});
}

std::optional<WaitStatus> Session::claim_stop(pid_t tid) {
  const auto early = unclaimed_stops_.extract(tid);
  if (!early) return std::nullopt;
  const WaitStatus status = early.mapped().status;
  // An end that nobody claimed was that of another with the same number.
  if (status.ended() && is_alive(tid)) return std::nullopt;
  return status;
}

/// Whether that thread may have made the child and is about to say so.
bool Session::may_be_giving_birth(const Thread& thread, UnclaimedStop& early) const {
  const auto state = proc::state(thread.tid);
  if (thread.stopped || !state) return false;
  // The end of a process is yet to be heard of; a first thread that ended before the others is not.
  if (*state == 'Z' || *state == 'X') return tasks_.threads_of(thread.tgid)->size() == 1;
  if (thread.rests && (*state == 't' || *state == 'D')) return false;
  if (*state != 'R') return *state == 't' || *state == 'D';
  const std::int64_t ran = run_time_ns(thread.tid);
  return ran - early.ran.try_emplace(thread.tid, ran).first->second < kPastBirthNs;
}

bool Session::may_be_told_of(pid_t child, UnclaimedStop& early) {
  const auto is_mother = [&](pid_t tid) { return may_be_giving_birth(*tasks_.find(tid), early); };
  if ((look_at_orphan(child).sharing & CLONE_PARENT) != 0) {
    return std::ranges::any_of(tasks_.threads(), [&](const auto& entry) { return is_mother(entry.first); });
  }
  const auto* threads = tasks_.threads_of(static_cast<pid_t>(proc::status_number(child, "PPid").value_or(0)));
  return threads != nullptr && std::ranges::any_of(*threads, is_mother);
}

/// False if it may yet be told of, or found out whose it is.
bool Session::claim_orphan(pid_t tid, UnclaimedStop& early, bool at_last) {
  // A thread ends with its creator.
  if (proc::status_number(tid, "Tgid").value_or(tid) != tid) return false;
  if (!at_last && may_be_told_of(tid, early)) return false;
  const bool give_up = at_last || monotonic_ns() - early.since > kUnexplainedNs;
  Thread* child = tasks_.claim_orphan(tid, give_up);
  if (child == nullptr && !give_up) return false;
  const WaitStatus status = early.status;
  unclaimed_stops_.erase(tid);
  if (child == nullptr) {
    tasks_.let_go_stray(tid);
    return true;
  }
  const bool alone = child->space.use_count() == 1;
  if (releasing_ && !holding_ && alone) child->role = Thread::Role::released;
  handle(*child, status);
  return true;
}

/// `at_last`: every creator that lives has been heard.
void Session::claim_orphans(bool at_last) {
  const std::int64_t now = monotonic_ns();
  std::vector<pid_t> due;
  for (const auto& [tid, early] : unclaimed_stops_) {
    if (!early.status.ended() && (at_last || early.due <= now)) due.push_back(tid);
  }
  for (const pid_t tid : due) {
    const auto found = unclaimed_stops_.find(tid);
    if (found == unclaimed_stops_.end() || claim_orphan(tid, found->second, at_last)) continue;
    found->second.due = now + std::clamp(now - found->second.since, kFirstLookNs, kRarestLookNs);
  }
}

/// Takes in those that are due. Answers in how many nanoseconds others will be.
std::optional<std::int64_t> Session::look_for_orphans(std::int64_t now) {
  if (unclaimed_stops_.empty()) return std::nullopt;
  claim_orphans(false);
  std::optional<std::int64_t> next;
  for (const auto& [tid, early] : unclaimed_stops_) {
    if (!early.status.ended())
      next = std::min(next.value_or(kRarestLookNs), std::max<std::int64_t>(early.due - now, 0));
  }
  return next;
}

/// Whoever is known has ended. What was killed may have left a child that only now comes to its first stop. True if one was found
/// that is to be observed.
bool Session::await_orphans() {
  if (!tasks_.empty() || !ptrace::any_tracee()) return false;
  source_.set_deadline(monotonic_ns() + kLastOrphansNs);
  watch([this] { return tasks_.empty() && ptrace::any_tracee(); });
  source_.set_deadline(std::nullopt);
  return !tasks_.empty();
}

}  // namespace vdsotrace
