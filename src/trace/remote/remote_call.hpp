// Making a stopped thread do a system call for us.
#pragma once

#include <functional>
#include <optional>

#include "arch/return_stub.hpp"
#include "os/tracing/wait_status.hpp"
#include "trace/remote/tracee_filters.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// System calls made by a stopped thread for us, with the vDSO's own system call instruction
/// or one that an engine has put in place: those of i386 in a 32-bit program, else those of x86-64. Signals wait
/// meanwhile; registers and signal mask are put back by the destructor. Begun at a signal, an event other than exec, or
/// a system call's exit stop; where that was PTRACE_EVENT_STOP, the thread is at such a stop again afterwards.
///
/// In a 64-bit process that outlives us the thread is safe from our death at any moment, where the unused end of its
/// vDSO has room: the calls are made there by code that, if we never take the thread back, brings it back itself. That
/// takes that all other threads of the process are stopped: a fork would copy the code.
class RemoteCalls {
 public:
  enum class Others : std::uint8_t { stopped, running };
  explicit RemoteCalls(StoppedThread& stopped, Others others = Others::stopped);
  ~RemoteCalls();
  RemoteCalls(const RemoteCalls&) = delete;
  RemoteCalls& operator=(const RemoteCalls&) = delete;

  /// Whether calls can be made at all. If not, call() answers nothing.
  bool can_be_made() const { return instruction_.has_value(); }
  /// The raw result, -errno on failure. Nothing if the thread died, has no usable vDSO, or is under
  /// seccomp (which might kill it for the call) and we may not suspend that, except where the filters are ours and let
  /// it live; also if it outlives us and its filters, in force again when we are killed, would then do it harm.
  /// `alone`: what becomes of what the call has made should we be killed before the next one.
  std::optional<std::int64_t> call(std::int64_t nr, const std::array<std::uint64_t, 6>& args,
                                   arch::OrphanCleanup alone = arch::OrphanCleanup::keep);

 private:
  std::optional<std::uint64_t> unused_place(std::size_t size);
  bool safe_if_tracer_dies(std::int64_t nr, const std::array<std::uint64_t, 6>& args, std::uint64_t at,
                           arch::OrphanCleanup alone) const;
  bool outlives_tracer() const;
  bool pass_filters(const arch::Registers& current, std::uint64_t instruction);
  bool make_call() const;
  void place_return_stub();
  void remove_return_stub();

  /// In the vDSO's unused end, where only zeros were.
  struct Placed {
    std::uint64_t address;
    arch::ReturnStub stub;
  };
  StoppedThread& stopped_;
  std::optional<Placed> return_stub_;
  std::optional<std::uint64_t> instruction_;  ///< nothing: calls cannot be made
  bool interrupted_ = false;                  ///< at first it was at a stop for PTRACE_INTERRUPT, or in a group-stop
  bool moved_ = false;                        ///< its registers are not the program's
  bool called_ = false;                       ///< a call was begun
  bool steps_ = false;                        ///< over each call, whose trap does no harm
  bool paused_seccomp_ = false;
  bool inherited_filters_ = false;        ///< in force during the calls
  std::optional<TraceeFilters> filters_;  ///< that matter should we be killed
  std::uint64_t mask_ = 0;
  arch::Registers saved_{};
};

/// Whether the thread is under seccomp filters that are not our session's, or may be.
bool under_other_filters(StoppedThread& stopped);
/// The same of a stopped thread that is in a call which the kernel begins again, without strict seccomp, which forbids
/// such calls or lets them be begun again. To ask that takes a tenth of the time.
bool restarts_under_filters(StoppedThread& stopped);

/// Lets it run, system calls being stops, to whatever it stops for next. Nothing if it has ended.
std::optional<WaitStatus> run_to_next_stop(StoppedThread& stopped);

/// A single one.
std::optional<std::int64_t> remote_call(StoppedThread& stopped, std::int64_t nr,
                                        const std::array<std::uint64_t, 6>& args);

/// Steps the thread, signals held back, as long as `inside` says so of its program counter. A signal that it
/// had stopped for can still be delivered afterwards. False if it is still inside after `most` steps, or gone.
bool step_out(StoppedThread& stopped, const std::function<bool(std::uint64_t)>& inside, int most);

/// Asks the kernel for the signal actions of a process whose handlers are not known (SignalActions::known). Not at
/// a stop that is to deliver a signal. False if it could not be asked for all.
bool learn_signal_actions(StoppedThread& stopped);

/// Undoes what a forced signal, a breakpoint's SIGTRAP or SIGSYS of a dispatched system call, did to the program's
/// signal mask and to its action for that signal (see signal_state.hpp).
void repair_signal_state(StoppedThread& stopped, int signal = SIGTRAP);

}  // namespace vdsotrace
