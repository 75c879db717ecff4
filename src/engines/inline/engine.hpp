// Jumps at the entries and returns of the vDSO's functions lead to stubs that count or record calls in memory shared
// with vdsotrace: no stop, whatever the rate.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engines/breakpoint/engine.hpp"
#include "engines/inline/stub_space.hpp"
#include "os/tsc_clock.hpp"
#include "os/urgency.hpp"

namespace vdsotrace {

/// What stubs cannot do, breakpoints do: functions whose code leaves no room for a jump, and all
/// functions of a process in which no memory can be shared (32-bit, under seccomp, out of address space).
class InlineEngine final : public ProbeEngine {
 public:
  /// `attached`: the processes outlive us.
  InlineEngine(const Needs& needs, EventSink& sink, bool attached);

  std::string_view name() const override { return "inline"; }
  EngineStops stops() const override;
  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override;
  bool remove(AddressSpace& space, StoppedThread& thread) override;
  std::optional<Resume> on_trap(StoppedThread& thread) override;
  void move_out_of_engine_code(StoppedThread& thread) override;
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override;
  void on_attach_thread(Thread& thread, StoppedThread* stopped) override;
  void undo_leftovers(StoppedThread& thread) override { vdsotrace::undo_leftovers(thread); }
  bool raises_traps(const AddressSpace& space) const override;
  void on_stop(Thread& thread) override;
  void on_clone(const Thread& parent, const Thread& child) override;
  void on_first_stop(StoppedThread& thread) override;
  void on_vdso_moved(AddressSpace& space, StoppedThread& thread) override;
  void on_thread_pointer(StoppedThread& thread) override;
  void on_memory_locked(StoppedThread& thread) override;
  bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) override;
  void on_fallback_exit(Thread& thread, Call&& call) override;
  const Call* call_in_progress(StoppedThread& thread) override;
  void on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) override;
  void on_handler_return(Thread& thread, std::uint64_t stack_pointer) override;
  void on_end(Thread& thread) override;
  Drained drain() override;

 private:
  /// A call that came out of a ring, not yet told.
  struct Found {
    const StubbedFunction* function;
    pid_t tgid;
    pid_t tid;
    Route route;
    StubRecord record;
    const StubSpace* space;
  };

  StubSpace* find(const Thread& thread);
  std::optional<PlacedStubs> placed_before(const AddressSpace& space);
  BreakpointEngine& breakpoints_for(const Thread& thread);
  void use_breakpoints(BreakpointEngine& engine, AddressSpace& space, StoppedThread& thread);
  std::string unseen(const BreakpointEngine& engine, const AddressSpace& space) const;
  bool covered(const Thread& thread, const VdsoFunction* function);
  const VdsoFunction* function_of(const Thread& thread, const Call& call);

  const StubPlan& plan_for(const VdsoImage& image);
  std::uint32_t unused_from(const VdsoImage& image) const;
  bool stubs_cover(const VdsoImage& image, const VdsoService& service) const;
  Result<void> place(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others);
  static bool write_trampolines(AddressSpace& space, pid_t tid, const PlacedStubs& placed);
  static bool write_jumps(AddressSpace& space, pid_t tid, const PlacedStubs& placed);
  static bool write_code(pid_t tid, const PlacedStubs& placed);
  /// Whether stubs may wait by system calls: of a program that we started its seccomp state is known.
  bool may_sleep() const { return !attached_; }
  Result<std::unique_ptr<StubRegion>> map_region(StoppedThread& thread, RemoteCalls& calls, const StubPlace& place,
                                                 bool replace);
  static void note_engine_memory(AddressSpace& space, const PlacedStubs& placed);
  bool arm(StubSpace& space, StoppedThread& thread);
  void end_clock_reads(const StubSpace& space, StoppedThread& thread);

  /// Whether callers are to be found: of the words of the stack that records keep then.
  bool keeps_stack() const { return needs_.callers || (needs_.stacks && needs_.each_call); }
  std::optional<RecordSize> record_size() const;
  Symbols* symbols_of(const AddressSpace& space) const { return keeps_stack() ? &space.symbols() : nullptr; }
  void note_caller(Call& call, std::optional<Caller> caller) const;
  void note_interrupted(StubSpace& space, StoppedThread& stopped);
  void open_interrupted(StubSpace& space, StoppedThread& stopped, StubRecord& record);
  OpenCalls::OnAbandoned left_by(StubSpace& space, const Thread& thread);
  void end_open_calls(StubSpace& space, Thread& thread);
  void returned(StubSpace& space, const Thread& thread, const StubRecord& record);

  void stop_waiting(StubSpace& space);
  void collect(StubSpace& space, bool final);
  void collect_of(StubSpace& space, pid_t tid);
  void note_lost(StubSpace& space, std::uint64_t lost);
  void take(StubSpace& space, StubRecord& record, const StackWindow& window);
  void report_found();
  void finish(StubSpace& space);
  void report_progress();
  void report_total(const StubSpace& space, const CallTally& tally);

  const Needs& needs_;
  EventSink& sink_;
  Reporter reporter_;
  bool attached_;
  bool inherited_;  ///< a fork's child gets its parent's region, until its own or none takes its place
  StubDepth depth_;
  BreakpointEngine for_refused_functions_;   ///< in processes with stubs: the functions that were refused
  BreakpointEngine for_stubless_processes_;  ///< in processes without
  bool warned_why_ = false;
  bool warned_unseen_ = false;
  bool warned_undated_ = false;
  std::int64_t progress_told_ = 0;
  std::map<const VdsoImage*, StubPlan> plans_;
  std::map<const AddressSpace*, std::unique_ptr<StubSpace>> spaces_;
  std::vector<Found> found_;         ///< filled and told within one call
  std::map<pid_t, OpenCalls> open_;  ///< calls that a handler interrupted, by thread
  std::map<pid_t, Call> fallbacks_;  ///< whose function has not been seen to return
  std::optional<TscClock> clock_;    ///< where records bear times
  Urgency urgency_;
  std::size_t processors_;
};

}  // namespace vdsotrace
