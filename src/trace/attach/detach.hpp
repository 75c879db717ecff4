// Detaching from every process, with its vDSO as it was.
#pragma once

#include <map>
#include <optional>

#include "trace/attach/stop_world.hpp"

namespace vdsotrace {

class Detaching {
 public:
  Detaching(TaskTable& tasks, ProbeEngine& engine, Reporter& reporter, StopHandler& handler, StopWorld& world)
      : tasks_(tasks), engine_(engine), reporter_(reporter), handler_(handler), world_(world) {}

  /// Stops the world, takes our patches out of every process and detaches its threads. What remains in the table cannot
  /// be detached: its memory cannot be written, a filter of ours is on it, or it sleeps and goes at its next stop.
  void detach_all();
  /// Takes our patches out of every process at once, whatever state we are in.
  void undo_patches();

 private:
  std::map<pid_t, int> handle_held_stops();
  bool prepare_detach(Thread& thread, const std::optional<WaitStatus>& status, bool may_wait,
                      std::map<pid_t, int>& signals);
  void undo_leftovers(StoppedThread& stopped);
  void detach(StoppedThread&& stopped, int signal);

  TaskTable& tasks_;
  ProbeEngine& engine_;
  Reporter& reporter_;
  StopHandler& handler_;
  StopWorld& world_;
};

}  // namespace vdsotrace
