// Stops of tasks that no event has reported yet: mostly their creator's event comes next. If the creator was killed, or
// replaced by another thread's exec, between making them and reporting them, it never comes: they are orphans.
//
//   stop of an unknown task --> kept --(its creator's event)------------> claimed --> handled by the session
//                                \-----(no event can come any more)-----/
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "os/tracing/waiter.hpp"
#include "trace/task_table.hpp"

namespace vdsotrace {

class Orphans {
 public:
  Orphans(TaskTable& tasks, ProbeEngine& engine) : tasks_(tasks), engine_(engine) {}

  /// Keeps the stop, or the end, of a task that is not known.
  void keep(const TraceeStop& stop);
  /// The creator's event has made that task known: if it has stopped before, that stop is claimed.
  void claim_stop(pid_t tid);
  /// Makes known a task that no event will report any more, and claims its stop; detaches it if no task is known that
  /// can have made it. Null if it is detached, or may yet be reported. `at_last`: every creator that lives has been
  /// heard.
  Thread* claim_orphan(pid_t tid, bool at_last);
  /// The oldest of the claimed stops, which the caller is to handle. The end of a task is one, too.
  std::optional<TraceeStop> take_claimed();

  /// The tasks that it is time to look at, as they may be orphans; `at_last`: all.
  std::vector<pid_t> due(bool at_last) const;
  /// In how many nanoseconds it is time for the next; nothing if there is none.
  std::optional<std::int64_t> until_due(std::int64_t now) const;

 private:
  /// A new task that stopped, or even ended, before its creator's event was seen.
  struct UnclaimedStop {
    WaitStatus status;
    std::int64_t since;                 ///< CLOCK_MONOTONIC, as `due`
    std::int64_t due;                   ///< when to look whether it is an orphan
    std::map<pid_t, std::int64_t> ran;  ///< how long threads that may have made it had run when it was first looked at
  };

  bool may_be_cloning(const Thread& thread, UnclaimedStop& stop) const;
  bool may_be_reported(pid_t child, UnclaimedStop& stop) const;
  bool is_orphan(pid_t tid, UnclaimedStop& stop, bool at_last) const;
  void detach_stray(pid_t tid);

  TaskTable& tasks_;
  ProbeEngine& engine_;
  std::map<pid_t, UnclaimedStop> unclaimed_;
  std::deque<TraceeStop> claimed_;
};

}  // namespace vdsotrace
