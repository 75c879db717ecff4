// Attaching to processes that already run, from the first look at them to the moment when they run on, observed.
//
//   seize      every thread of each process, and of those that share its memory (seize.hpp), while they run;
//              then each is asked to stop
//   stop       the world (stop_world.hpp): the threads that there are now are all
//   learn      signal actions and masks; what an earlier vdsotrace has left is taken away; then the address space
//              of each process is read, and every thread that runs in it gets it
//   report     the processes and their threads
//   install    the engine, once in each address space; its other threads are made known to it
//   go on      each thread from the stop at which it was held
#pragma once

#include <span>
#include <vector>

#include "trace/attach/seize.hpp"
#include "trace/attach/stop_world.hpp"

namespace vdsotrace {

class Attaching {
 public:
  Attaching(TaskTable& tasks, ProbeEngine& engine, Reporter& reporter, StopHandler& handler, StopWorld& world)
      : tasks_(tasks), engine_(engine), reporter_(reporter), handler_(handler), world_(world) {}

  /// Seizes running processes; they are not observed yet. Errors: as seize_process; some may be held then.
  Result<void> seize(std::span<const pid_t> pids);
  /// All the rest. False if we were asked to end before all had stopped: the threads are held as far as they had.
  bool begin();

 private:
  Result<void> seize(pid_t pid, Thread::Role role);
  Result<void> seize_sharers(pid_t pid);
  std::shared_ptr<AddressSpace> memory_of(pid_t process) const;
  void add_threads(const SeizedProcess& seized, Thread::Role role, const std::shared_ptr<AddressSpace>& memory);
  void observe(std::span<StoppedThread> stopped);
  void read_signal_state();
  void learn_address_space(StoppedThread& stopped);
  void install(StoppedThread& stopped, std::span<StoppedThread> all);
  void announce_others(std::span<StoppedThread> stopped, std::span<StoppedThread* const> representatives);
  void learn_trap_action(StoppedThread& stopped);

  TaskTable& tasks_;
  ProbeEngine& engine_;
  Reporter& reporter_;
  StopHandler& handler_;
  StopWorld& world_;
};

}  // namespace vdsotrace
