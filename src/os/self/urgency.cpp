#include "os/self/urgency.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"

namespace vdsotrace {
namespace {

constexpr int kMostUrgent = -20;
constexpr std::int64_t kCalmNs = 1'000'000'000;

/// The lowest nice value that RLIMIT_NICE allows; with CAP_SYS_NICE any is.
int lowest_allowed() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NICE, &limit) != 0 || limit.rlim_cur > 40) return kMostUrgent;
  return 20 - static_cast<int>(limit.rlim_cur);
}

}  // namespace

void Urgency::set(bool urgent) {
  if (urgent) {
    last_urgent_ = monotonic_ns();
    raise();
  } else if (is_raised_ && monotonic_ns() - last_urgent_ > kCalmNs) {
    lower();
  }
}

void Urgency::raise() {
  if (is_raised_) return;
  is_raised_ = true;
  errno = 0;
  const int now = ::getpriority(PRIO_PROCESS, 0);
  usual_ = errno == 0 ? now : 0;
  if (::setpriority(PRIO_PROCESS, 0, kMostUrgent) != 0)
    ::setpriority(PRIO_PROCESS, 0, std::min(usual_, lowest_allowed()));
}

void Urgency::lower() {
  if (!is_raised_) return;
  is_raised_ = false;
  ::setpriority(PRIO_PROCESS, 0, usual_);
}

}  // namespace vdsotrace
