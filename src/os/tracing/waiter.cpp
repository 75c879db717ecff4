#include "os/tracing/waiter.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

#include "base/clock.hpp"
#include "os/kernel.hpp"

namespace vdsotrace {
namespace {

/// How long to poll before sleeping. Putting an idle processor to sleep and waking
/// it costs 50 to 100 us, a stop between two running ones about 6.
constexpr std::int64_t kPollNs = 50'000;
/// After one in vain: enough for a stop that follows at once. Two calls a millisecond are no reason to poll longer.
constexpr std::int64_t kShortestPollNs = 25'000;
/// A sleep shorter than this would have been better polled.
constexpr std::int64_t kShortSleepNs = 150'000;
constexpr std::int64_t kShortestNap = 50'000;
constexpr int kMostCredit = 8;
/// Stops served between two looks at all that is at hand.
constexpr unsigned kFairness = 8;
/// A look at all that takes longer is dear.
constexpr std::int64_t kDearLookNs = 3'000;
/// For what part of the time all may be looked at then.
constexpr std::int64_t kLookShare = 4;
/// So many in a row are a sign of many more.
constexpr int kMany = 16;

bool several_processors() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 1;
}

}  // namespace

Waiter::Waiter(OwnSignals& signals) : signals_(signals), may_poll_(several_processors()), poll_ns_(kPollNs) {}

void Waiter::set_deadline(std::optional<std::int64_t> when) {
  deadline_ = when;
  signals_.set_deadline(when);
}

bool Waiter::deadline_passed() {
  if (!deadline_ || monotonic_ns() < *deadline_) return false;
  set_deadline(std::nullopt);
  return true;
}

/// By what wait4(2) has answered, 0 or -1.
Waiter::Found Waiter::found_nobody(pid_t answer) {
  if (answer == 0) return Found::none;
  return errno == EINTR ? Found::interrupted : Found::no_children;
}

Waiter::Found Waiter::wait_for(pid_t which, bool blocking) {
  if (!asked_.before_trap) return take(which, blocking);
  const pid_t tid = look_before_taking(which, blocking);
  return tid > 0 ? take(tid, false) : found_nobody(tid);
}

Waiter::Found Waiter::take(pid_t which, bool blocking) {
  int raw = 0;
  rusage usage{};
  const int options = __WALL | (blocking ? 0 : WNOHANG);
  const pid_t tid = kernel().wait4(which, raw, options, asked_.kernel_times ? &usage : nullptr);
  if (tid <= 0) return found_nobody(tid);
  ready_.push_back({tid, WaitStatus(raw), ns_of(usage.ru_stime)});
  if (ready_.back().status.ended()) {
    tracees_.erase(tid);
  } else {
    tracees_.insert(tid);
  }
  return Found::some;
}

/// Whose stop or end comes next: it is still to be waited for. Else what wait4(2) answers.
pid_t Waiter::look_before_taking(pid_t which, bool blocking) {
  siginfo_t info{};
  const int options = WEXITED | WSTOPPED | WNOWAIT | __WALL | (blocking ? 0 : WNOHANG);
  const bool one = which > 0;
  if (kernel().waitid(one ? P_PID : P_ALL, one ? static_cast<id_t>(which) : 0, info, options) != 0) return -1;
  if (info.si_code == CLD_TRAPPED && info.si_status == SIGTRAP) asked_.before_trap(info.si_pid);
  return info.si_pid;
}

Waiter::Found Waiter::take_any() {
  const Found found = wait_once(false);
  last_.found = found == Found::some ? last_.found + 1 : 0;
  if (last_.found != kMany) return found;
  last_.found = 0;
  look_at_each();
  return found;
}

Waiter::Found Waiter::look_at_all() {
  const std::int64_t start = monotonic_ns();
  const Found found = take_any();
  last_.look.ended = monotonic_ns();
  if (found == Found::none) last_.look.took_ns = last_.look.ended - start;
  return found;
}

Waiter::Found Waiter::look_at_recent() {
  for (pid_t& tid : recent_) {
    if (tid == 0) continue;
    const Found found = wait_for(tid, false);
    if (found == Found::some) return found;
    if (found == Found::no_children) tid = 0;
  }
  return Found::none;
}

Waiter::Found Waiter::look() {
  if (last_.look.took_ns < kDearLookNs) return look_at_all();
  const Found found = look_at_recent();
  if (found != Found::none || monotonic_ns() - last_.look.ended < kLookShare * last_.look.took_ns) return found;
  return look_at_all();
}

void Waiter::note_recent(pid_t tid) {
  const auto known = std::ranges::find(recent_, tid);
  std::rotate(recent_.begin(), known == recent_.end() ? known - 1 : known, known == recent_.end() ? known : known + 1);
  recent_.front() = tid;
}

void Waiter::look_at_each() {
  for (const pid_t tid : std::vector(tracees_.begin(), tracees_.end())) {
    if (wait_for(tid, false) == Found::no_children) tracees_.erase(tid);
  }
}

void Waiter::collect_rest() {
  const std::int64_t start = monotonic_ns();
  if (start - last_.collect.ended < kLookShare * last_.collect.took_ns) return;
  while (take_any() == Found::some) {}
  last_.collect.ended = monotonic_ns();
  last_.collect.took_ns = last_.collect.ended - start > kDearLookNs ? last_.collect.ended - start : 0;
}

Waiter::Found Waiter::poll() {
  const std::int64_t end = monotonic_ns() + poll_ns_;
  do {
    const Found found = look();
    if (found == Found::none) continue;
    credit_ = std::min(credit_ + 1, kMostCredit);
    poll_ns_ = std::min(poll_ns_ * 2, kPollNs);
    return found;
  } while (monotonic_ns() < end);
  credit_ -= 2;
  poll_ns_ = kShortestPollNs;
  return Found::none;
}

Waiter::Found Waiter::sleep(std::optional<std::int64_t> most) {
  // Where there is one processor only, whom we wait for needs it.
  if (most && may_poll_ && *most == 0) return Found::interrupted;
  if (most) {
    signals_.wake_within(std::max(*most, kShortestNap));
  } else {
    signals_.let_sleep();
  }
  const std::int64_t start = monotonic_ns();
  const Found found = wait_once(true);
  if (found == Found::some && monotonic_ns() - start < kShortSleepNs)
    credit_ = std::min(std::max(credit_, 0) + 2, kMostCredit);
  return found;
}

void Waiter::look_for(std::span<const pid_t> tids) {
  for (const pid_t tid : tids) wait_for(tid, false);
}

/// Until there is a stop to give out, or what happens instead.
std::optional<WaitResult> Waiter::wait(const BeforeSleep& before_sleep) {
  while (ready_.empty()) {
    Found found = may_poll_ && credit_ > 0 ? poll() : look_at_all();
    if (found == Found::none) found = sleep(before_sleep());
    if (found == Found::no_children) return NoneLeft{};
    if (found != Found::interrupted) continue;
    if (const auto signal = signals_.take()) return *signal;
    if (deadline_passed()) return TimedOut{};
  }
  return std::nullopt;
}

WaitResult Waiter::next(const BeforeSleep& before_sleep) {
  if (const auto signal = signals_.take()) return *signal;
  if (const auto instead = wait(before_sleep)) return *instead;
  if (++served_ % kFairness == 0) {
    collect_rest();
    if (deadline_passed()) return TimedOut{};
  }
  const TraceeStop first = ready_.front();
  ready_.pop_front();
  note_recent(first.tid);
  if (!first.status.ended()) ++stops_;
  return first;
}

}  // namespace vdsotrace
