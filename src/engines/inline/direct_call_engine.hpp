// The inline engine with the kernel's trace points: of running processes, direct system calls are seen as well, and
// nothing stops for them.
#pragma once

#include <memory>

#include "engines/engine_decorator.hpp"
#include "engines/inline/call_order.hpp"
#include "engines/inline/engine.hpp"
#include "engines/perf/direct_calls.hpp"

namespace vdsotrace {

/// A decorator around the inline engine. Where calls are reported one by one, stubs' and direct calls of a thread come
/// in the order in which it made them.
class DirectCallEngine final : public EngineDecorator {
 public:
  DirectCallEngine(const Needs& needs, EventSink& sink);

  void prepare_attach(pid_t pid) override { direct_.prepare(pid); }
  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override;
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override;
  bool remove(AddressSpace& space, StoppedThread& thread) override;

  void on_stop(Thread& thread) override;

  void on_clone(const Thread& parent, const Thread& child) override;
  void on_attach_thread(Thread& thread, StoppedThread* stopped) override;
  void on_end(Thread& thread) override;

  bool reports_direct_calls(const Thread& thread) const override { return direct_.reports(thread); }

  Drained drain() override;
  void finish() override;

 private:
  DirectCallEngine(const Needs& needs, EventSink& sink, std::unique_ptr<CallOrder> order);
  bool look();

  std::unique_ptr<CallOrder> order_;  ///< where all calls are reported; null where they are only counted
  InlineEngine& stubs_;               ///< the inner engine; it reports nothing when it is destroyed
  DirectCalls direct_;
  bool wants_fallbacks_;
};

}  // namespace vdsotrace
