#include "os/self/own_signals.hpp"

#include <atomic>
#include <ctime>
#include <utility>

#include "base/clock.hpp"

namespace vdsotrace {
namespace {

constexpr long kAgainNs = 2'000'000;

// What a handler may touch.
std::atomic<std::uint32_t> from_terminal{0};
std::atomic<std::uint32_t> from_process{0};
timer_t alarm_clock;
timer_t nap_clock;

timespec to_timespec(std::int64_t ns) {
  return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

void note(int signal, siginfo_t* info, void*) {
  auto& pending = info->si_code == SI_KERNEL ? from_terminal : from_process;
  pending.fetch_or(1u << signal, std::memory_order_relaxed);
  const itimerspec again{{0, kAgainNs}, {0, kAgainNs}};
  ::timer_settime(alarm_clock, 0, &again, nullptr);
}

void wake(int, siginfo_t*, void*) {}

std::optional<int> take_lowest(std::atomic<std::uint32_t>& pending) {
  const std::uint32_t now = pending.load(std::memory_order_relaxed);
  if (now == 0) return std::nullopt;
  const int signal = __builtin_ctz(now);
  pending.fetch_and(~(1u << signal), std::memory_order_relaxed);
  return signal;
}

}  // namespace

void OwnSignals::take_over(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction before {};
  ::sigaction(signal, nullptr, &before);
  // What nohup(1) ignores stays ignored. A shell without job control starts its background jobs with SIGINT ignored,
  // too; yet who sends one to us means us.
  const bool may_stay_ignored = signal == SIGHUP || signal == SIGQUIT;
  if (before.sa_handler == SIG_IGN && may_stay_ignored) return;
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(signal, &action, nullptr);
  saved_.push_back({signal, before});
}

void OwnSignals::renew_timers() const {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGALRM;
  ::timer_create(CLOCK_MONOTONIC, &event, &alarm_clock);
  ::timer_create(CLOCK_MONOTONIC, &event, &nap_clock);
}

OwnSignals::OwnSignals() {
  renew_timers();
  take_over(SIGALRM, wake);
  for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) take_over(signal, note);

  struct sigaction action {};
  struct sigaction before {};
  // Writing fails instead, and what we have put into processes is taken out as usual.
  for (const int signal : {SIGPIPE, SIGXFSZ}) ignore(signal);
  // Also where it was ignored: else the kernel would reap what we must wait for.
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_NOCLDSTOP;
  ::sigaction(SIGCHLD, &action, &before);
  saved_.push_back({SIGCHLD, before});
}

OwnSignals::~OwnSignals() {
  ::timer_delete(alarm_clock);
  ::timer_delete(nap_clock);
  restore_in_child();
}

void OwnSignals::ignore(int signal) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = SIG_IGN;
  ::sigaction(signal, &action, &before);
  saved_.push_back({signal, before});
}

void OwnSignals::restore_in_child() const {
  for (const Saved& saved : saved_) ::sigaction(saved.signal, &saved.action, nullptr);
}

void OwnSignals::arm() {
  itimerspec when{};
  if (deadline_) when = {{0, kAgainNs}, to_timespec(*deadline_)};
  ::timer_settime(alarm_clock, TIMER_ABSTIME, &when, nullptr);
}

void OwnSignals::set_deadline(std::optional<std::int64_t> monotonic_ns) {
  deadline_ = monotonic_ns;
  arm();
}

void OwnSignals::wake_within(std::int64_t ns) {
  const std::int64_t now = monotonic_ns();
  // Most sleeps end by a stop: the clock of the last one does for the next.
  if (wakes_at_ > now && wakes_at_ <= now + ns) return;
  wakes_at_ = now + ns;
  const itimerspec when{{0, kAgainNs}, to_timespec(ns)};
  ::timer_settime(nap_clock, 0, &when, nullptr);
}

void OwnSignals::let_sleep() {
  if (std::exchange(wakes_at_, 0) == 0) return;
  const itimerspec never{};
  ::timer_settime(nap_clock, 0, &never, nullptr);
}

int Repetitions::add(const OwnSignal& signal, std::int64_t monotonic_ns) {
  constexpr std::int64_t kTogetherNs = 2'000'000'000;
  const bool again = signal.signal == last_ && monotonic_ns - last_ns_ <= kTogetherNs;
  count_ = again ? count_ + 1 : 1;
  last_ = signal.signal;
  last_ns_ = monotonic_ns;
  return count_;
}

std::optional<OwnSignal> OwnSignals::take() {
  if ((from_terminal.load(std::memory_order_relaxed) | from_process.load(std::memory_order_relaxed)) == 0)
    return std::nullopt;
  // Stopped first: a signal that comes now starts it anew.
  arm();
  if (const auto signal = take_lowest(from_terminal)) return OwnSignal{*signal, true};
  if (const auto signal = take_lowest(from_process)) return OwnSignal{*signal, false};
  return std::nullopt;
}

}  // namespace vdsotrace
