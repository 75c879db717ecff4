// The perf events of a session: on which threads of running processes they are, and what was planned for each vDSO.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>

#include "engines/per_image.hpp"
#include "engines/perf/watch.hpp"
#include "trace/thread/address_space.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

class PerfProbes {
 public:
  explicit PerfProbes(const Needs& needs) : needs_(needs) {}

  /// To be called first. Errors as PerfStream::open.
  Result<void> open();
  /// Watches all threads of a process, and those that they start meanwhile; answers which were found. What they
  /// recorded before belongs to no thread. Errors: no such process, not permitted, no breakpoints left.
  Result<std::set<pid_t>> watch_threads(pid_t pid, const AddressSpace& space);
  /// It has executed a program: the kernel has taken its breakpoints away. The trace points stay.
  Result<void> watch_again(pid_t pid, const AddressSpace& space);
  /// Closes all events.
  void stop() { watch_.stop(); }

  /// What is recorded.
  PerfStream& stream() { return *stream_; }
  const PerfEventInfo* meaning(std::uint64_t event) const { return watch_.meaning(event); }

  const PerfPlan& plan_for(const VdsoImage& image);
  /// Whether the function's entry is watched.
  bool watches(const AddressSpace& space, const VdsoFunction& function);
  /// Whether the kernel's trace points at all system calls can be had.
  bool see_system_calls() const { return trace_points_.has_value(); }

 private:
  struct TracePoints {
    std::uint64_t entered;
    std::uint64_t returned;
  };

  Result<TracePoints> find_trace_points();
  WatchSpec order_for(const AddressSpace& space);
  Result<void> watch_thread(pid_t tid, const WatchSpec& order, bool may_have_inherited);
  PerfTarget target(pid_t tid) const;

  const Needs& needs_;
  std::optional<PerfStream> stream_;
  std::optional<TracePoints> trace_points_;
  PerfWatch watch_;
  PerImage<PerfPlan> plans_;
};

}  // namespace vdsotrace
