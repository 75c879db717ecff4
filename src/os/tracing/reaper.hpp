// Waiting for ended threads while this thread cannot: in the middle of a PTRACE_SEIZE.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <ctime>
#include <vector>

namespace vdsotrace {

/// PTRACE_SEIZE of a thread that is executing a program sleeps until it has done so, and that thread sleeps until all
/// others of its process, killed for it, have been waited for: by us, where they are seized already. For as long as
/// such an object does work, a timer's signal interrupts us again and again, and its handler waits
/// for those. One at a time.
class Reaper {
 public:
  /// `threads`: elements of which the thread was waited for become 0.
  explicit Reaper(std::vector<pid_t>& threads);
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  /// Runs `work`, which may sleep and must leave the vector alone.
  template <class Work>
  auto during(Work work) {
    watched(true);
    auto result = work();
    watched(false);
    return result;
  }

 private:
  static void watched(bool on);

  struct sigaction before_ {};
  timer_t timer_{};
  bool created_ = false;
};

}  // namespace vdsotrace
