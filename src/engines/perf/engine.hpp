// The processor's own breakpoints on the entries of vDSO functions, through perf_event_open: not a byte of the process
// is changed, and a call costs a trap in the kernel but no stop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "engines/open_calls.hpp"
#include "engines/per_image.hpp"
#include "engines/perf/watch.hpp"
#include "trace/probe_engine.hpp"
#include "trace/reporter.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// What processes were watched by that have ended: so many as may end before a child is heard of that one of them has
/// made.
class FormerWatches {
 public:
  void note(pid_t process, const std::shared_ptr<PerfWatch>& watch);
  /// Null if no one has its events any more.
  std::shared_ptr<PerfWatch> of(pid_t process) const;

 private:
  std::map<pid_t, std::weak_ptr<PerfWatch>> newest_, older_;
};

/// For programs that we start; running processes are observed without any stop by PerfSession. An entry gives the
/// arguments and nothing of the result. That the call stayed in user space is proven by what the thread does next: it
/// enters another function, makes a system call elsewhere, sleeps, or ends.
class PerfEngine final : public ProbeEngine {
 public:
  PerfEngine(const Needs& needs, EventSink& sink, Inherit heirs, PerfStream stream)
      : needs_(needs), sink_(sink), reporter_(sink), heirs_(heirs), stream_(std::move(stream)) {}

  std::string_view name() const override { return "perf"; }
  EngineStops stops() const override;
  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override;
  bool remove(AddressSpace&, StoppedThread&) override { return true; }
  std::optional<Resume> on_trap(StoppedThread&) override { return std::nullopt; }
  void move_out_of_engine_code(StoppedThread& thread) override;
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override;
  void on_stop(Thread& thread) override;
  void on_clone(const Thread& parent, const Thread& child) override;
  void on_first_stop(StoppedThread& thread) override;
  void on_vdso_moved(AddressSpace& space, StoppedThread& thread) override;
  bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) override;
  bool notes_callers() const override { return false; }
  void on_fallback_exit(Thread& thread, Call&& call) override;
  void on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) override;
  void on_handler_return(Thread& thread, std::uint64_t stack_pointer) override;
  void on_end(Thread& thread) override;
  Drained drain() override;

 private:
  struct Watched {
    pid_t tgid = 0;
    bool reported = false;
    std::uint64_t base = 0;  ///< of its vDSO
    std::uint64_t size = 0;
    std::shared_ptr<PerfWatch> watch;  ///< shared with those that inherited its events
    std::shared_ptr<AddressSpace> space;
    OpenCalls open;

    bool in_vdso(std::uint64_t address) const { return address - base < size; }
  };

  const PerfPlan& plan_for(const VdsoImage& image);
  WatchSpec order_for(const AddressSpace& space);
  void watch(const Thread& thread);
  void take(std::optional<pid_t> stopped);
  OpenCalls::OnAbandoned left_by(pid_t tid);
  void close_calls_of_sleepers();

  const Needs& needs_;
  EventSink& sink_;
  Reporter reporter_;
  Inherit heirs_;
  PerfStream stream_;
  std::size_t taken_ = 0;  ///< calls since the last drain
  PerImage<PerfPlan> plans_;
  std::set<const VdsoImage*> warned_limits_;
  std::map<pid_t, Watched> watched_;
  FormerWatches former_;
  std::set<pid_t> with_open_calls_;  ///< whose last call is open
};

}  // namespace vdsotrace
