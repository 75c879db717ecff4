// A breakpoint on the entry and on every return of each vDSO function: two stops a call.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "engines/breakpoint/probe_plan.hpp"
#include "engines/inline/code/stub_leftovers.hpp"
#include "engines/open_calls.hpp"
#include "engines/per_image.hpp"
#include "trace/probe_engine.hpp"
#include "trace/reporter.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

class BreakpointEngine : public ProbeEngine {
 public:
  /// What it observes where another engine observes the same vDSO. An empty function: it observes all.
  struct Share {
    std::function<bool(const VdsoImage&, const VdsoService&)> covers;  ///< the services that it is to observe
    std::function<std::uint32_t(const VdsoImage&)> unused_from;        ///< where its copies may begin in the last page
  };
  BreakpointEngine(const Needs& needs, EventSink& sink, Share share = {})
      : needs_(needs), reporter_(sink), share_(std::move(share)) {}

  /// Whether install changes anything in processes with that image.
  bool changes(const VdsoImage& image) { return !plan_for(image).patches.empty(); }

  std::string_view name() const override { return "breakpoint"; }
  EngineStops stops() const override;
  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override;
  bool remove(AddressSpace& space, StoppedThread& thread) override;
  bool undo_leftovers(StoppedThread& thread) override { return vdsotrace::undo_leftovers(thread); }
  bool raises_traps(const AddressSpace&) const override { return true; }
  std::optional<Resume> on_trap(StoppedThread& thread) override;
  void move_out_of_engine_code(StoppedThread& thread) override;
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override;
  bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) override;
  void on_fallback_exit(Thread& thread, Call&& call) override;
  const Call* call_in_progress(StoppedThread& thread) override;
  void on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) override;
  void on_handler_return(Thread& thread, std::uint64_t stack_pointer) override;
  void on_end(Thread& thread) override;

 protected:
  /// Whether it sees a call return at a probed `ret` only.
  virtual bool needs_exits() const { return true; }
  const ProbePlan& plan_for(const VdsoImage& image);
  /// The thread returns, or has returned, by the return address that lies or lay at `stack_pointer`.
  Resume on_exit(StoppedThread& stopped, std::uint64_t stack_pointer);
  /// What is known of a thread that has been in a vDSO function.
  struct Visitor {
    OpenCalls open;
    std::optional<std::uint32_t>
        next;  ///< where it makes single steps: offset of the instruction that it executes next
    /// What is done to open calls at their end, by the stack pointer that they were entered with.
    std::map<std::uint64_t, const Injection*> at_exit;
  };
  /// Null for any other thread.
  Visitor* visitor(const Thread& thread);
  /// The call that the thread is in, if no handler runs on top of it.
  Call* open_call(const Thread& thread);

  const Needs& needs_;

 private:
  /// Where the thread goes on and how.
  struct Onward {
    std::uint32_t offset;
    Resume how;
  };
  Onward on_entry(StoppedThread& stopped, const ProbeSite& site);
  Onward tamper(StoppedThread& stopped, const ProbeSite& site, Visitor& inside, Call& call);
  OpenCalls::OnAbandoned left_by(const Thread& thread);

  Reporter reporter_;
  Share share_;
  PerImage<ProbePlan> plans_;
  std::map<pid_t, Visitor> visitors_;  ///< by thread
  std::set<const VdsoImage*> warned_unobservable_;
};

}  // namespace vdsotrace
