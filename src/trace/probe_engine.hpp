// How vDSO calls are observed: the interfaces between the session, which owns the stops, and the engines, which own the
// patches. One for each occasion on which the session turns to the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "trace/drain_pace.hpp"
#include "trace/thread/thread.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

/// What an engine asks of the session's stops, beside its own traps.
struct EngineStops {
  bool patches = true;    ///< it will change code: what moves or removes the vDSO must be seen
  bool signals = true;    ///< it follows signal masks, actions and returns from handlers
  bool fallbacks = true;  ///< a system call stop is its proof of a fallback
  bool traps = false;     ///< threads stop at breakpoints that it has put into their vDSO
};

/// Where probes are: the session says when a process's vDSO is to be observed, and when it is to be as it was.
/// Called with every thread of the space stopped, or known to sleep in the kernel outside the vDSO. May make calls on
/// the thread that it is given (RemoteCalls), and writes code through AddressSpace::patch only.
class ProbePlacement {
 public:
  /// The process will be attached to and still runs: what takes long and needs no stop is done now.
  virtual void prepare_attach(pid_t) {}
  /// A program is being executed that will have this vDSO, unless it is of another ABI: the same is done meanwhile.
  virtual void prepare_image(const VdsoImage&) {}
  /// An attach, before the process's vDSO is looked at, and again when it is detached: an earlier vdsotrace that was
  /// killed may have left something in it. Undoes that. False if a thread may still come back to it, so that it stays.
  virtual bool undo_leftovers(StoppedThread&) { return true; }
  /// After an exec or at an attach: makes the space's vDSO observable. What cannot be observed is reported as a Notice.
  /// `others` are the other stopped threads that run in the space, if it has run before.
  virtual void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) = 0;
  /// Whether it makes the kernel raise SIGTRAP in that space, so that the process's signal state must be known
  /// (signal_state.hpp).
  virtual bool raises_traps(const AddressSpace&) const { return false; }
  /// Before remove, of each thread of the space: brings it out of engine memory, as
  /// ProbeStops::move_out_of_engine_code does. False, if it `may_wait`, of a thread that will be out of it by itself in
  /// a moment: it is to be let run, stopped and asked again.
  virtual bool vacate_for_detach(StoppedThread& thread, bool may_wait) = 0;
  /// Undoes install, before the process is detached. False if the memory could not be written: then the thread must not
  /// be detached, as it would run into what is left.
  virtual bool remove(AddressSpace& space, StoppedThread& thread) = 0;

 protected:
  ~ProbePlacement() = default;
};

/// What a process does that bears on what an engine has put into it. May make calls on the thread.
class ProcessChanges {
 public:
  /// After mremap(2) has moved the vDSO: the space knows its new place.
  virtual void on_vdso_moved(AddressSpace&, StoppedThread&) {}
  /// After mlockall(2) has locked the process's memory, what an engine has mapped there included.
  virtual void on_memory_locked(StoppedThread&) {}
  /// The thread is about to put a seccomp filter on itself, or on its whole process: for a call that is not the
  /// program's own it may be killed from now on.
  virtual void on_seccomp(StoppedThread&) {}

 protected:
  ~ProcessChanges() = default;
};

/// A thread has stopped: on_stop comes first, resume_mode last. May move its program counter, and answers how it is to
/// go on; never resumes it.
class ProbeStops {
 public:
  /// At every stop, before the stop itself is reported: reports what the thread did before.
  virtual void on_stop(Thread&) {}
  /// It stopped for a signal of the program's or in a group-stop, and nothing has been done about that yet. If it was
  /// in a system call, that has returned, perhaps to be restarted.
  virtual void on_interrupted(StoppedThread&) {}
  /// It stopped for another reason and may now be seen by others (its registers saved in a signal frame, or it is
  /// detached): wherever it is in engine memory, it is put back to the same place in the program's own code.
  virtual void move_out_of_engine_code(StoppedThread& thread) = 0;
  /// At the end of every stop that nothing keeps: run, step or call.
  virtual Resume::How resume_mode(StoppedThread&) { return Resume::How::run; }

 protected:
  ~ProbeStops() = default;
};

/// It has stopped for a signal that the kernel raises for what an instruction did, which may be the engine's doing.
class RaisedSignals {
 public:
  /// It stopped at a breakpoint instruction, or at one that the kernel has forbidden it (SIGSEGV). Nothing if it is not
  /// the engine's: the signal reaches the program unchanged.
  virtual std::optional<Resume> on_trap(StoppedThread& thread) = 0;
  /// It stopped because an instruction could not read or write memory (SIGSEGV, SIGBUS). True if the instruction was
  /// the engine's: the thread goes on elsewhere, and gets no signal.
  virtual bool on_fault(StoppedThread&, int /*signal*/) { return false; }
  /// It stopped for SIGSEGV, as memory at that address is missing or may not be used so. True if engine memory was
  /// there that the program has unmapped or protected: the thread goes on, without the signal.
  virtual bool on_missing_memory(StoppedThread&, std::uint64_t /*address*/) { return false; }
  /// It stopped for SIGSYS. Nothing if that is not the engine's: the signal reaches the program unchanged.
  virtual std::optional<Resume> on_dispatched_call(StoppedThread&, const siginfo_t&) { return std::nullopt; }
  /// It has executed the one instruction that it was let execute (Resume::How::step). False if the program asked for a
  /// trap there, too: it gets its signal.
  virtual bool on_step(StoppedThread&) { return true; }
  /// It stopped for the trap that the program asks for behind each instruction (the trap flag). True if the instruction
  /// was none of the program's: it runs on, and gets no signal.
  virtual bool on_own_step(StoppedThread&) { return false; }

 protected:
  ~RaisedSignals() = default;
};

/// A task is born, attached, or ends. on_clone and on_end may not touch the task; the others may make calls on it.
class ProbeTasks {
 public:
  /// A clone, fork or vfork: `child` is known and has not run yet. Its space is its parent's or a copy of it.
  virtual void on_clone(const Thread&, const Thread& /*child*/) {}
  /// The thread that on_clone announced stopped for the first time and will be observed, or guarded.
  virtual void on_first_stop(StoppedThread&) {}
  /// An attach: another thread that ran in the space before install, which has just been done. `stopped` is null for
  /// one that sleeps in the kernel, outside the vDSO.
  virtual void on_attach_thread(Thread&, StoppedThread* /*stopped*/) {}
  /// The thread has set its thread pointer (arch::kThreadPointerCall).
  virtual void on_thread_pointer(StoppedThread&) {}
  /// The thread ended or executed another program: its open calls never return.
  virtual void on_end(Thread& thread) = 0;

 protected:
  ~ProbeTasks() = default;
};

/// What stops of other origin prove of the vDSO calls that a thread is in. Called while the thread is stopped; may
/// report calls and does not touch the thread.
class OpenCallWitness {
 public:
  /// A system call begins, by an instruction that ends at that address. True if it is the engine's own, which records
  /// the call itself.
  virtual bool records_call(const Thread&, std::uint64_t /*behind*/) { return false; }
  /// A system call begins. `fallback` is the vDSO function that makes it, or null for one made elsewhere. True if the
  /// engine has the function's call open: it will report both as one.
  virtual bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) = 0;
  /// Whether callers and stacks of open calls were noted when they were entered. If not, they are noted at their system
  /// call.
  virtual bool notes_callers() const { return true; }
  /// Whether it reports the thread's direct vDSO-capable system calls: those at which it happens to stop are not
  /// reported again.
  virtual bool reports_direct_calls(const Thread&) const { return false; }
  /// The system call of an open vDSO call has returned.
  virtual void on_fallback_exit(Thread& thread, Call&& call) = 0;
  /// The call of a vDSO function that the stopped thread is in, as its begin shows it; null if it is in none.
  virtual const Call* call_in_progress(StoppedThread&) { return nullptr; }
  /// A signal handler is about to run on top of `stack_pointer`.
  virtual void on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) = 0;
  /// A signal handler has returned to `stack_pointer`.
  virtual void on_handler_return(Thread& thread, std::uint64_t stack_pointer) = 0;

 protected:
  ~OpenCallWitness() = default;
};

/// What is observed without a stop, where anything is.
class RecordSource {
 public:
  /// Whenever the session has nothing else to do, and as often as DrainPace says: reports what was recorded.
  virtual Drained drain() { return {}; }
  /// Where code that is not the engine's finds rings to record system calls in (arch/stub_layout.h): the address, in
  /// that space, of the index that leads there. 0: there are none.
  virtual std::uint64_t ring_index(const AddressSpace&) const { return 0; }
  /// What we have of the memory where they lie, at an address of that space; it can be read and written atomically.
  /// Null elsewhere.
  virtual std::byte* ring_memory(const AddressSpace&, std::uint64_t /*address*/, std::size_t /*size*/) {
    return nullptr;
  }
  /// Such code stays in the space, and so they do, too, when the engine is removed from it.
  virtual void keep_rings(const AddressSpace&) {}
  /// How many records of system calls have been taken out of all of them.
  virtual std::uint64_t system_calls_taken() const { return 0; }
  /// Whether the thread has one.
  virtual bool has_ring(StoppedThread&) const { return false; }
  /// The thread was about to make a call there that has begun, and will make it once more.
  virtual void on_call_abandoned(Thread&) {}
  /// All have been detached from or have ended, and drain has been called: reports how complete it was.
  virtual void finish() {}

 protected:
  ~RecordSource() = default;
};

/// An engine: what the session calls on the occasions above. The contract of all of them:
///  1. An engine never resumes a thread.
///  2. Every byte of the vDSO is written through AddressSpace::patch, which notes the old one first. Code outside of it
///     is put there by calls that the process makes for us, and made known by AddressSpace::set_engine_memory.
///  3. After remove, memory is byte-identical and no program counter is in engine memory.
///  4. Calls of threads whose role is not `traced` are not reported.
///  5. What could not be recorded is reported as a Lost event.
/// The interfaces are virtual bases so that parts which each implement one of them make up an engine (EngineDecorator).
class ProbeEngine : public virtual ProbePlacement,
                    public virtual ProcessChanges,
                    public virtual ProbeStops,
                    public virtual RaisedSignals,
                    public virtual ProbeTasks,
                    public virtual OpenCallWitness,
                    public virtual RecordSource {
 public:
  virtual ~ProbeEngine() = default;
  /// As `--engine` and JSON spell it. Static storage.
  virtual std::string_view name() const = 0;
  /// What it needs for all that it may come to install, asked once before anything runs. Where it falls back to
  /// something that needs more, it says AddressSpace::stop_at_every_syscall().
  virtual EngineStops stops() const { return {}; }
};

}  // namespace vdsotrace
