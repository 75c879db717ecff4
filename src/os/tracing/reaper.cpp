#include "os/tracing/reaper.hpp"

#include <sys/wait.h>

#include <atomic>
#include <cerrno>

#include "os/tracing/wait_end.hpp"

namespace vdsotrace {
namespace {

constexpr long kEveryNs = 10'000'000;

// What the handler may touch.
std::vector<pid_t>* watched_threads = nullptr;
std::atomic<bool> working{false};

int own_signal() { return SIGRTMIN; }

void reap(int) {
  if (!working.load()) return;
  const int error = errno;
  for (pid_t& tid : *watched_threads) {
    if (tid != 0 && has_waitable_end(tid) && ::waitpid(tid, nullptr, __WALL | WNOHANG) == tid) tid = 0;
  }
  errno = error;
}

}  // namespace

Reaper::Reaper(std::vector<pid_t>& threads) {
  watched_threads = &threads;
  struct sigaction action {};
  action.sa_handler = reap;
  action.sa_flags = SA_RESTART;
  ::sigaction(own_signal(), &action, &before_);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = own_signal();
  created_ = ::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
  if (!created_) return;
  const itimerspec again{{0, kEveryNs}, {0, kEveryNs}};
  ::timer_settime(timer_, 0, &again, nullptr);
}

Reaper::~Reaper() {
  if (created_) ::timer_delete(timer_);
  // A signal that is still pending is dropped when it is ignored.
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(own_signal(), &ignored, nullptr);
  ::sigaction(own_signal(), &before_, nullptr);
  watched_threads = nullptr;
}

void Reaper::watched(bool on) { working.store(on); }

}  // namespace vdsotrace
