// A task under observation, and the proof that it is stopped.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "arch/registers.hpp"
#include "os/memory/remote_memory.hpp"
#include "os/tracing/ptrace.hpp"
#include "trace/thread/address_space.hpp"
#include "trace/thread/signal_state.hpp"
#include "vdsotrace/call.hpp"
#include "vdsotrace/injection.hpp"

namespace vdsotrace {

/// A system call between its entry stop and its exit stop.
struct CallInProgress {
  Call call;
  bool wanted = false;                        ///< an event will be made of it
  const VdsoFunction* fallback_of = nullptr;  ///< the vDSO function that makes it, if one does
  std::int64_t monotonic_start = 0;
  std::optional<std::int64_t> kernel_start;  ///< processor time then, if that is wanted
  const Injection* injection = nullptr;      ///< what is done to it; it replaces the call where `call.tampering.result`
  /// The clone flags as the program wrote them, where we took CLONE_UNTRACED out.
  std::optional<std::uint64_t> clone_flags;
};

/// The calls of a thread that something is done to (Needs::injections).
struct InjectedCalls {
  /// A call of a vDSO function that we let fail. A C library may make the system call next, in the same frame.
  struct Refused {
    std::int64_t nr;
    std::uint64_t stack_pointer;  ///< behind its return address
    const Injection* injection;
  };

  std::map<std::pair<Abi, std::int64_t>, std::uint32_t> made;  ///< how many, by ABI and number
  std::optional<Refused> refused;
};

/// What the modules know of a task; each field is its module's to keep true.
struct Thread {
  enum class Phase : std::uint8_t {
    launching,  ///< our own child before its execve succeeded
    attached,   ///< seized while it ran; its process has not been looked at yet
    fresh,      ///< known from its creator, not yet stopped for the first time
    live,
  };
  /// What becomes of it.
  enum class Role : std::uint8_t {
    traced,   ///< its events are reported
    guarded,  ///< not followed, but its memory has patches that must stay, or it is under our filter: traced in silence
    released,  ///< not followed: to be detached, clean, at its first stop
  };

  pid_t tid = 0;
  pid_t tgid = 0;
  Phase phase = Phase::fresh;
  Role role = Role::traced;
  ptrace::OnTracerDeath on_tracer_death = ptrace::OnTracerDeath::leave;

  // How its last stop left it (StoppedThread, StopHandler).
  bool stopped = false;        ///< in a ptrace stop that has not been resumed
  bool rests = false;          ///< since its last stop: listens in a group-stop, or waits for its vfork's child
  bool on_breakpoint = false;  ///< stopped for one of ours, with its program counter on it and no more behind it
  bool step_due = false;       ///< was let execute one instruction, and the trap behind that has not been seen
  std::int64_t kernel_ns = 0;  ///< TraceeStop::kernel_ns of its last stop

  // What it shares with others, or waits for (TaskTable, ExecHandler).
  std::shared_ptr<AddressSpace> space;
  std::shared_ptr<SignalActions> actions;
  BlockedSignals blocked;
  pid_t awaited_by = 0;  ///< its creator, which does not run before it executes a program or ends (vfork(2)); 0: none
  /// Made by its last stop's call, which does not return while the child runs the same program; 0: none.
  pid_t vfork_child = 0;

  // At which of its system calls it stops (StopPolicy).
  bool filtered = false;           ///< our seccomp filter is on it
  bool seccomp_suspended = false;  ///< its filters are not asked, so that a call can go on (barred_restart.hpp)
  bool dispatched = false;  ///< syscall user dispatch is on it for us: its system calls are no stops of their own
  bool executed = false;    ///< has just executed a program; execve's exit stop is still to come
  /// System calls that stop in any case while a new program sets itself up, until its thread pointer is set.
  int in_exec_prologue = 0;

  // The system calls that it is in (trace/calls).
  std::optional<CallInProgress> in_call;
  std::optional<Call> in_vsyscall;   ///< between the filter's stop and its end
  std::int64_t restarted_call = -1;  ///< number of the call that a restart_syscall goes on with, -1 if unknown
  InjectedCalls injected;

  bool is_reported() const { return role == Role::traced && phase != Phase::launching && phase != Phase::attached; }
};

/// How a stopped thread goes on.
struct Resume {
  enum class How : std::uint8_t {
    run,     ///< until its next stop
    step,    ///< one instruction
    call,    ///< as run, but the system call that it stands at is a stop in any case
    listen,  ///< stays in its group-stop
    detach,  ///< for good
    hold,    ///< stays stopped until something else happens
  };
  How how = How::run;
  int signal = 0;             ///< delivered on the way, 0 for none
  std::int64_t delay_ns = 0;  ///< how long it stays stopped before that
};

/// Move-only proof that a thread is in a ptrace stop: its registers and memory are to be
/// had here only, and resuming consumes it. Any request may find the thread
/// gone; then it answers nothing, and the wait status that follows says why.
class StoppedThread {
 public:
  explicit StoppedThread(Thread& thread) : thread_(&thread), memory_(thread.tid) {
    thread.stopped = true;
    thread.rests = false;
  }
  StoppedThread(StoppedThread&& other) noexcept
      : thread_(std::exchange(other.thread_, nullptr)),
        memory_(std::move(other.memory_)),
        registers_(other.registers_),
        seccomp_mode_(other.seccomp_mode_) {}
  StoppedThread& operator=(StoppedThread&&) = delete;
  StoppedThread(const StoppedThread&) = delete;
  ~StoppedThread();

  Thread& thread() const { return *thread_; }
  pid_t tid() const { return thread_->tid; }
  Memory& memory() { return memory_; }

  const arch::Registers* registers();
  /// Of the breakpoint that it has stopped for, if it is for one.
  std::optional<std::uint64_t> breakpoint_address();
  bool set_program_counter(std::uint64_t address);
  bool set_registers(const arch::Registers& registers);
  /// It ran in between: what is known of its registers and of how its calls are judged is out of date.
  void forget_registers() {
    registers_.reset();
    seccomp_mode_.reset();
  }

  /// How its calls are judged (SECCOMP_MODE_DISABLED and so on, linux/seccomp.h), asked once: /proc is slow. Nothing if
  /// that is not known.
  std::optional<std::int64_t> seccomp_mode();

  /// At a seccomp event: the call is not made and answers ENOSYS, as without a tracer.
  void refuse_system_call();

  /// Lets it go on; where it runs, system calls are stops if `calls`. Consumes the proof.
  void resume(Resume how, bool calls = true) &&;
  /// It is gone: nothing to resume. Consumes the proof.
  void abandon() && { thread_ = nullptr; }

 private:
  Thread* thread_;
  RemoteMemory memory_;
  std::optional<arch::Registers> registers_;
  std::optional<std::int64_t> seccomp_mode_;
};

}  // namespace vdsotrace
