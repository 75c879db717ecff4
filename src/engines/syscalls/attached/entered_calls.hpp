// How many system calls processes make, as the kernel counts them: none of their threads stops for it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// By perf events of each thread, which threads that it creates inherit.
class EnteredCalls {
 public:
  /// `filter`: a perf filter for the calls that count.
  explicit EnteredCalls(std::string filter) : filter_(std::move(filter)) {}

  /// The threads of the process will be watched when all of them are stopped: what takes long is done before.
  void prepare(pid_t tgid);
  /// From now on the calls of the thread count, which is stopped.
  void watch(pid_t tgid, pid_t tid);
  /// The calls of that process do not count any more.
  void stop(pid_t tgid);

  struct Counted {
    std::uint64_t calls = 0;
    std::uint64_t handler_returns = 0;  ///< rt_sigreturn(2), whether it is among them or not
  };
  /// By process, those included that have ended since.
  std::map<pid_t, Counted> counted() const;
  /// Why some could not be watched, with a hint; empty if all could.
  const std::string& refusal() const { return refusal_; }

 private:
  struct Events {
    UniqueFd calls, handler_returns;
  };
  using OfThreads = std::map<pid_t, Events>;
  struct Points {
    Result<std::uint64_t> every_call, handler_return;
  };
  static const Points& points();
  Result<Events> open(pid_t tid) const;
  static Counted sum_of(const OfThreads& events);
  void begin(pid_t tgid, OfThreads events);
  void keep(OfThreads events);

  std::string filter_;
  std::map<pid_t, OfThreads> prepared_, events_;  ///< by process
  std::map<pid_t, Counted> before_;               ///< what to add to what events count
  /// What keeps trace points in use, and events that do not count any more: to close the last one of a trace point
  /// would take long while threads wait.
  std::vector<UniqueFd> kept_;
  std::string refusal_;
};

}  // namespace vdsotrace
