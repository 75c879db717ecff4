// What is done whenever no stop is at hand and we are about to sleep, and when no more will come.
#pragma once

#include <cstdint>
#include <optional>

#include "trace/caller_notices.hpp"
#include "trace/calls/stop_policy.hpp"
#include "trace/locked_memory.hpp"
#include "trace/probe_engine.hpp"
#include "trace/task_table.hpp"

namespace vdsotrace {

/// Takes in what the engine has observed without a stop, and has lines written when nothing more is to come soon.
class IdleWork {
 public:
  IdleWork(const TaskTable& tasks, ProbeEngine& engine, Reporter& reporter, const StopPolicy& policy,
           CallerNotices& callers, LockedMemory& locked)
      : tasks_(tasks), engine_(engine), reporter_(reporter), policy_(policy), callers_(callers), locked_(locked) {}

  /// Answers for how many nanoseconds to sleep at most, 0 for not at all; nothing: until something happens.
  std::optional<std::int64_t> run(std::int64_t now);
  /// Those that are observed have been detached from or have ended: takes in the rest of what the engine has observed.
  void take_rest() { engine_.drain(); }
  /// The same when all is over: the engine says how complete it was.
  void finish();

 private:
  void outdate_names(std::int64_t now);

  const TaskTable& tasks_;
  ProbeEngine& engine_;
  Reporter& reporter_;
  const StopPolicy& policy_;
  CallerNotices& callers_;
  LockedMemory& locked_;
  DrainPace pace_;
  std::int64_t names_since_ = 0;
  std::int64_t flushed_ = 0;  ///< when lines were last written
};

}  // namespace vdsotrace
