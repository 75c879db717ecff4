// Single steps from the entry of a vDSO function to its return: what it executed, instruction by instruction.
#pragma once

#include <set>
#include <utility>

#include "engines/breakpoint/engine.hpp"

namespace vdsotrace {

/// Entries are met by breakpoints, and so is every return that is known: what is a call, and how it ends, is decided as
/// in the breakpoint engine. In between the thread is let execute one instruction at a time, but for the
/// system call of a fallback, which is made under system call stops. Code that runs on top of a call (a signal
/// handler) runs freely; the steps go on where it returns to.
class StepEngine final : public BreakpointEngine {
 public:
  using BreakpointEngine::BreakpointEngine;

  std::string_view name() const override { return "step"; }
  std::optional<Resume> on_trap(StoppedThread& thread) override;
  bool on_step(StoppedThread& thread) override;
  Resume::How resume_mode(StoppedThread& thread) override;
  bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) override;

 private:
  /// From where to where a seqlock loop begins anew.
  using Retries = std::set<std::pair<std::uint32_t, std::uint32_t>>;

  bool needs_exits() const override { return false; }
  const Retries& retries_of(const VdsoImage& image);
  /// The instruction at `at`, after which comes the one at `next`, has been executed.
  void note(const Thread& thread, std::uint32_t at, std::uint32_t next);
  void go_on_at(StoppedThread& stopped, std::uint32_t offset);

  PerImage<Retries> retries_;
};

}  // namespace vdsotrace
