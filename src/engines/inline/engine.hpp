// The engine that observes vDSO calls as cheaply as each function and each process allows: by stubs where they fit, by
// breakpoints elsewhere; and, where it is asked to, direct system calls by the kernel's trace points.
#pragma once

#include <memory>
#include <optional>

#include "engines/breakpoint/engine.hpp"
#include "engines/inline/call_order.hpp"
#include "engines/inline/stub_engine.hpp"
#include "engines/perf/direct_calls.hpp"

namespace vdsotrace {

/// A decorator around engines that know nothing of each other: asks the stubs first, and has breakpoints do what they
/// leave.
class InlineEngine final : public ProbeEngine {
 public:
  /// `attached`: the processes outlive us.
  InlineEngine(const Needs& needs, EventSink& sink, bool attached);

  std::string_view name() const override { return stubs_.name(); }
  EngineStops stops() const override { return stubs_.stops(); }
  void prepare_attach(pid_t pid) override;
  bool undo_leftovers(StoppedThread& thread) override { return stubs_.undo_leftovers(thread); }
  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override;
  bool raises_traps(const AddressSpace& space) const override;
  void on_vdso_moved(AddressSpace& space, StoppedThread& thread) override { stubs_.on_vdso_moved(space, thread); }
  void on_memory_locked(StoppedThread& thread) override { stubs_.on_memory_locked(thread); }
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override;
  bool remove(AddressSpace& space, StoppedThread& thread) override;

  void on_stop(Thread& thread) override;
  std::optional<Resume> on_trap(StoppedThread& thread) override;
  bool on_missing_memory(StoppedThread& thread, std::uint64_t address) override {
    return stubs_.on_missing_memory(thread, address);
  }
  void move_out_of_engine_code(StoppedThread& thread) override;

  void on_clone(const Thread& parent, const Thread& child) override;
  void on_first_stop(StoppedThread& thread) override;
  void on_attach_thread(Thread& thread, StoppedThread* stopped) override;
  void on_thread_pointer(StoppedThread& thread) override { stubs_.on_thread_pointer(thread); }
  void on_end(Thread& thread) override;

  bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) override;
  bool reports_direct_calls(const Thread& thread) const override { return direct_ && direct_->reports(thread); }
  void on_fallback_exit(Thread& thread, Call&& call) override;
  const Call* call_in_progress(StoppedThread& thread) override;
  void on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) override;
  void on_handler_return(Thread& thread, std::uint64_t stack_pointer) override;

  std::uint64_t ring_index(const AddressSpace& space) const override { return stubs_.ring_index(space); }
  bool has_ring(StoppedThread& thread) const override { return stubs_.has_ring(thread); }
  void on_call_abandoned(Thread& thread) override { stubs_.on_call_abandoned(thread); }

  Drained drain() override;
  void finish() override;

 private:
  /// Breakpoints beside stubs, and where there are none.
  class Breakpoints {
   public:
    Breakpoints(const Needs& needs, EventSink& sink, const StubEngine& stubs);
    /// The engine that serves the thread's space.
    BreakpointEngine& of(const Thread& thread);
    /// Has the functions observed that were refused a stub, or all of a space that has no stubs.
    void install_for_refused(AddressSpace& space, StoppedThread& thread);
    void install_for_all(AddressSpace& space, StoppedThread& thread);

   private:
    void install(BreakpointEngine& engine, std::string_view what, AddressSpace& space, StoppedThread& thread);

    const StubEngine& stubs_;
    Reporter reporter_;
    BreakpointEngine for_refused_functions_;
    BreakpointEngine for_stubless_processes_;
    bool warned_unseen_ = false;
  };

  bool look_for_direct_calls();

  std::unique_ptr<CallOrder> order_;  ///< where each call is reported, by stubs and by trace points
  StubEngine stubs_;
  Breakpoints breakpoints_;
  std::optional<DirectCalls> direct_;  ///< Needs::direct_calls
  bool misses_fallbacks_ = false;  ///< neither stops nor, without trace points, anything else shows those without stubs
};

}  // namespace vdsotrace
