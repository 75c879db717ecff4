// A session over a scripted kernel: what it reports, and what it asks of its engine, as lines of text. Tasks are named
// there by how far their numbers are above kPid.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/scripted_kernel.hpp"
#include "trace/session.hpp"

namespace vdsotrace::testing {

using Lines = std::vector<std::string>;

/// Gives out the stops of a scripted kernel, and what a test has put behind them.
class ScriptedStops final : public StopSource {
 public:
  explicit ScriptedStops(ScriptedKernel& kernel) : kernel_(kernel) {}
  WaitResult next(const BeforeSleep& before_sleep) override;
  void look_for(std::span<const pid_t>) override {}
  void set_before_trap(BeforeTrap before_trap) override { before_trap_ = std::move(before_trap); }
  void set_deadline(std::optional<std::int64_t> when) override { deadline_ = when; }

  std::function<void(const TraceeStop&)> on_take;  ///< if set: sees each before the session does
  std::deque<OwnSignal> own_signals;               ///< come when nothing else can happen
  std::vector<std::function<void()>> when_idle;    ///< so do these, before them, in this order

 private:
  bool something_happens();
  std::optional<TraceeStop> take();
  ScriptedKernel& kernel_;
  BeforeTrap before_trap_;
  std::optional<std::int64_t> deadline_;
  int naps_ = 0;
  int times_out_ = 0;
};

/// Every event as a line.
class RecordingSink final : public EventSink {
 public:
  void accept(Event&& event) override;
  Lines lines;
  /// Those that are about that task, without its number.
  Lines of(pid_t tid) const;
};

/// Notes what it is asked, and patches one byte of every vDSO if it is told to.
class RecordingEngine final : public ProbeEngine {
 public:
  Lines asked;
  bool patches = false;                 ///< the last byte of the vDSO's mapping
  bool takes_traps = false;             ///< every SIGTRAP of a breakpoint is its own
  bool takes_steps = true;              ///< what a step's trap means is no business of the program
  bool removes = true;                  ///< remove succeeds
  bool has_traps = false;               ///< its probes are breakpoints
  int vacates_after = 0;                ///< vacate_for_detach says so often that the thread has to run on
  Resume::How mode = Resume::How::run;  ///< how threads go on
  /// How often it was asked that.
  std::size_t count(std::string_view what) const;

  std::string_view name() const override { return "recording"; }
  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override;
  bool remove(AddressSpace& space, StoppedThread& thread) override;
  bool raises_traps(const AddressSpace&) const override { return has_traps; }
  bool undo_leftovers(StoppedThread& thread) override {
    note("undo leftovers", thread.tid());
    return true;
  }
  void on_attach_thread(Thread& thread, StoppedThread*) override { note("attach", thread.tid); }
  std::optional<Resume> on_trap(StoppedThread& thread) override;
  bool on_step(StoppedThread& thread) override;
  Resume::How resume_mode(StoppedThread&) override { return mode; }
  void move_out_of_engine_code(StoppedThread& thread) override { note("move out", thread.tid()); }
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override;
  void on_clone(const Thread&, const Thread& child) override { note("clone", child.tid); }
  void on_first_stop(StoppedThread& thread) override { note("first stop", thread.tid()); }
  void on_thread_pointer(StoppedThread& thread) override { note("thread pointer", thread.tid()); }
  void on_memory_locked(StoppedThread& thread) override { note("memory locked", thread.tid()); }
  void on_vdso_moved(AddressSpace&, StoppedThread& thread) override { note("vdso moved", thread.tid()); }
  bool on_call_entry(Thread&, const VdsoFunction*, std::uint64_t) override { return false; }
  void on_fallback_exit(Thread& thread, Call&&) override { note("fallback", thread.tid); }
  void on_handler(Thread& thread, std::uint64_t, bool) override { note("handler", thread.tid); }
  void on_handler_return(Thread& thread, std::uint64_t) override { note("handler return", thread.tid); }
  void on_end(Thread& thread) override { note("end", thread.tid); }

 private:
  void note(std::string_view what, pid_t tid);
};

/// All of it together. The options are set before run() or attach().
class ScriptedTracing {
 public:
  ScriptedTracing();

  ScriptedKernel kernel;
  ScriptedStops stops{kernel};
  RecordingSink events;
  RecordingEngine engine;
  TaskOptions options{true, false};
  Needs needs;

  /// Runs the program of kPid + 1, whose script begins before its execve. Checks that nobody is left stopped.
  Result<Outcome> run();
  Result<void> seize(std::vector<pid_t> pids);
  void run_attached(std::optional<std::int64_t> duration_ns = {});
  Session& session(bool spawned);
  /// Another engine than the recording one.
  ProbeEngine* instead = nullptr;

 private:
  void check_nobody_waits() const;
  KernelInstead replaced_{kernel};
  std::optional<StopPolicy> policy_;
  std::optional<Session> session_;
};

}  // namespace vdsotrace::testing
