// Threads that stay stopped for a time before they go on (-e inject=...:delay_enter=, delay_exit=).
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "os/tracing/wait_status.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

class Delays {
 public:
  /// How a thread goes on when its time is over, and from which stop.
  struct Stop {
    Resume how;
    std::optional<WaitStatus> status;
  };
  static constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

  /// From now on for `stop.how.delay_ns`.
  void add(pid_t tid, Stop stop);
  void forget(pid_t tid) { waiting_.erase(tid); }
  bool empty() const { return waiting_.empty(); }
  /// Those whose time was over at `now` (CLOCK_MONOTONIC nanoseconds), which are forgotten.
  std::vector<std::pair<pid_t, Stop>> take_due(std::int64_t now);
  /// Nanoseconds until the next is; nothing if no thread waits.
  std::optional<std::int64_t> until_due(std::int64_t now) const;

 private:
  struct Waiting {
    std::int64_t until;
    Stop stop;
  };
  std::map<pid_t, Waiting> waiting_;
};

}  // namespace vdsotrace
