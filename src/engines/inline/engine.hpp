// The engine that observes vDSO calls as cheaply as each function and each process allows: by stubs where they fit, by
// breakpoints elsewhere.
#pragma once

#include <memory>
#include <optional>

#include "engines/breakpoint/engine.hpp"
#include "engines/engine_decorator.hpp"
#include "engines/inline/stub_engine.hpp"

namespace vdsotrace {

/// A decorator around stubs, which it asks first: breakpoints, which know nothing of them, do what they leave.
class InlineEngine final : public EngineDecorator {
 public:
  /// `attached`: the processes outlive us.
  InlineEngine(const Needs& needs, EventSink& sink, bool attached);

  const StubEngine& stubs() const { return stubs_; }
  /// Of a process whose fallbacks nothing else shows: where functions have no stubs, all calls stop from now on.
  void show_fallbacks_by_stops(AddressSpace& space);

  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override;
  bool raises_traps(const AddressSpace& space) const override;
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override;
  bool remove(AddressSpace& space, StoppedThread& thread) override;

  std::optional<Resume> on_trap(StoppedThread& thread) override;
  void move_out_of_engine_code(StoppedThread& thread) override;

  void on_first_stop(StoppedThread& thread) override;
  void on_end(Thread& thread) override;

  bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) override;
  void on_fallback_exit(Thread& thread, Call&& call) override;
  const Call* call_in_progress(StoppedThread& thread) override;
  void on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) override;
  void on_handler_return(Thread& thread, std::uint64_t stack_pointer) override;

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
    bool calls_are_dispatched_;  ///< in processes where they can be: so those of a vDSO stop all the same
    bool warned_unseen_ = false;
  };

  InlineEngine(const Needs& needs, EventSink& sink, bool attached, std::unique_ptr<StubEngine> stubs);
  bool covers(const AddressSpace& space) const;

  StubEngine& stubs_;  ///< the inner engine
  Breakpoints breakpoints_;
  bool misses_fallbacks_;  ///< neither stops nor trace points show those without stubs
};

}  // namespace vdsotrace
