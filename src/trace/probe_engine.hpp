// How vDSO calls are observed: the interface between the session, which owns the
// stops, and the engines, which own the patches.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "trace/drain_pace.hpp"
#include "trace/thread.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

/// What an engine asks of the session's stops, beside its own traps.
struct EngineStops {
  bool patches = true;    ///< it will change code: what moves or removes the vDSO must be seen
  bool signals = true;    ///< it follows signal masks, actions and returns from handlers
  bool fallbacks = true;  ///< a system call stop is its proof of a fallback
};

/// The contract of every engine:
///  1. install, remove and forget are called with every thread of the space stopped.
///  2. Every byte is written through AddressSpace::patch, which notes the old one first.
///  3. An engine never resumes a thread; it may move the program counter of the
///     stopped thread that it is given and answers how to resume.
///  4. A trap that is not its own it leaves alone (on_trap answers nothing), and the
///     signal reaches the program unchanged.
///     Code outside the vDSO is put there by calls that the process makes for us, and made known by
///     AddressSpace::set_engine_memory.
///  5. After remove, memory is byte-identical and no program counter is in engine
///     memory (vacate_for_detach was called for each thread).
///  6. Calls of threads whose role is not `traced` are let pass untold.
///  7. What could not be recorded is told by a Lost event.
class ProbeEngine {
 public:
  virtual ~ProbeEngine() = default;
  /// As `--engine` and JSON spell it. Static storage.
  virtual std::string_view name() const = 0;

  /// What it needs for all that it may come to install. Where it falls back to something that needs more, it
  /// says AddressSpace::stop_at_every_syscall().
  virtual EngineStops stops() const { return {}; }

  /// Makes the space's vDSO observable. What cannot be observed is told in a Notice. The thread is at a
  /// stop at which it can make calls for us (RemoteCalls); `others` are the other stopped threads that run in the space,
  /// if it has run before.
  virtual void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) = 0;
  /// Undoes install. False if the memory could not be written: then the thread must not
  /// be let go, as it would run into what is left.
  virtual bool remove(AddressSpace& space, StoppedThread& thread) = 0;

  /// A process that is being attached: an earlier vdsotrace that was killed may have left something in it. Undoes that,
  /// before its vDSO is looked at.
  virtual void undo_leftovers(StoppedThread&) {}
  /// Another thread that ran in the space before install, which has just been done. `stopped` is null for one that
  /// sleeps in the kernel, outside the vDSO.
  virtual void on_attach_thread(Thread&, StoppedThread* /*stopped*/) {}
  /// Whether it makes the kernel raise SIGTRAP in that space, so that the process's signal state must be known
  /// (signal_state.hpp).
  virtual bool raises_traps(const AddressSpace&) const { return false; }

  /// The thread stopped at a breakpoint instruction, or at one that the kernel has forbidden it (SIGSEGV). Nothing
  /// if it is not ours.
  virtual std::optional<Resume> on_trap(StoppedThread& thread) = 0;
  /// The thread has executed the one instruction that it was let execute (Resume::How::step). False if the program
  /// asked for a trap there, too: it gets its signal.
  virtual bool on_step(StoppedThread&) { return true; }
  /// How a thread goes on that nothing keeps: run, step or call. Asked at the end of every stop.
  virtual Resume::How resume_mode(StoppedThread&) { return Resume::How::run; }
  /// The thread stopped for another reason and may now be seen by others (its
  /// registers saved in a signal frame, or it is detached): wherever it is in
  /// engine memory, it is put back to the same place in the program's own code.
  virtual void move_out_of_engine_code(StoppedThread& thread) = 0;
  /// The same before remove: every other thread is stopped, too. False, if it `may_wait`, of a thread that will be out of it by itself
  /// in a moment: it is to be let run, stopped and asked again.
  virtual bool vacate_for_detach(StoppedThread& thread, bool /*may_wait*/) {
    move_out_of_engine_code(thread);
    return true;
  }

  /// A thread stopped; called before anything of this stop is told.
  virtual void on_stop(Thread&) {}
  /// `child` is known and has not run yet. Its space is its parent's or a copy of it.
  virtual void on_clone(const Thread&, const Thread& /*child*/) {}
  /// The thread that on_clone announced stopped for the first time and will be observed, or guarded.
  virtual void on_first_stop(StoppedThread&) {}
  /// The thread has set its thread pointer (arch_prctl with ARCH_SET_FS).
  virtual void on_thread_pointer(StoppedThread&) {}
  /// The thread has locked its process's memory (mlockall(2)), what an engine has mapped there included.
  virtual void on_memory_locked(StoppedThread&) {}
  /// The program has moved its vDSO: the space knows its new place.
  virtual void on_vdso_moved(AddressSpace&, StoppedThread&) {}

  /// A system call begins. `fallback` is the vDSO function that makes it, or null for
  /// one made elsewhere. True if the engine has the function's call open: it will tell both as one.
  virtual bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) = 0;
  /// Whether callers and stacks of open calls were noted when they were entered. If not, they are noted at their system call.
  virtual bool notes_callers() const { return true; }
  /// The system call of an open vDSO call has returned.
  virtual void on_fallback_exit(Thread& thread, Call&& call) = 0;

  /// The call of a vDSO function that the stopped thread is in, as its begin shows it; null if it is in none.
  virtual const Call* call_in_progress(StoppedThread&) { return nullptr; }

  /// A signal handler is about to run on top of `stack_pointer`.
  virtual void on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) = 0;
  /// A signal handler has returned to `stack_pointer`.
  virtual void on_handler_return(Thread& thread, std::uint64_t stack_pointer) = 0;
  /// The thread ended or executed another program: its open calls never return.
  virtual void on_end(Thread& thread) = 0;

  /// Tells what has been observed without a stop, if anything can be.
  virtual Drained drain() { return {}; }
};

}  // namespace vdsotrace
