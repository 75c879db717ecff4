// How many system calls processes make, as the kernel counts them: none of their threads stops for it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// By perf events of each thread, which threads that it creates inherit.
class EnteredCalls {
 public:
  /// From now on the calls of the thread count.
  void watch(pid_t tgid, pid_t tid);
  /// The calls of that process do not count any more.
  void stop(pid_t tgid);

  struct Counted {
    std::uint64_t calls = 0;            ///< but for those that are known otherwise (uncounted_calls.hpp)
    std::uint64_t handler_returns = 0;  ///< rt_sigreturn(2), which is not among them
  };
  /// By process, those included that have ended since.
  std::map<pid_t, Counted> counted() const;
  /// Why some could not be watched, with a hint; empty if all could.
  const std::string& refusal() const { return refusal_; }

 private:
  struct Events {
    UniqueFd calls, handler_returns;
  };
  static Result<Events> open(pid_t tid);
  static void add(const std::vector<Events>& events, Counted& counted);

  std::map<pid_t, std::vector<Events>> events_;  ///< by process
  std::map<pid_t, Counted> stopped_;
  std::string refusal_;
};

}  // namespace vdsotrace
