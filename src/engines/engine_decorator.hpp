// What engines have in common that stand around another one: they change some of what it does, and leave it the rest.
#pragma once

#include <memory>
#include <utility>

#include "trace/probe_engine.hpp"

namespace vdsotrace {

/// Each of these forwards one interface, whole: tests/style/contract_test.py compares them.
class ForwardedPlacement : public virtual ProbePlacement {
 public:
  explicit ForwardedPlacement(ProbePlacement& inner) : to_(inner) {}

  void prepare_attach(pid_t pid) override { to_.prepare_attach(pid); }
  void prepare_image(const VdsoImage& image) override { to_.prepare_image(image); }
  bool undo_leftovers(StoppedThread& thread) override { return to_.undo_leftovers(thread); }
  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override {
    to_.install(space, thread, others);
  }
  bool raises_traps(const AddressSpace& space) const override { return to_.raises_traps(space); }
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override {
    return to_.vacate_for_detach(thread, may_wait);
  }
  bool remove(AddressSpace& space, StoppedThread& thread) override { return to_.remove(space, thread); }

 protected:
  ~ForwardedPlacement() = default;

 private:
  ProbePlacement& to_;
};

class ForwardedChanges : public virtual ProcessChanges {
 public:
  explicit ForwardedChanges(ProcessChanges& inner) : to_(inner) {}

  void on_vdso_moved(AddressSpace& space, StoppedThread& thread) override { to_.on_vdso_moved(space, thread); }
  void on_memory_locked(StoppedThread& thread) override { to_.on_memory_locked(thread); }
  void on_seccomp(StoppedThread& thread) override { to_.on_seccomp(thread); }

 protected:
  ~ForwardedChanges() = default;

 private:
  ProcessChanges& to_;
};

class ForwardedStops : public virtual ProbeStops {
 public:
  explicit ForwardedStops(ProbeStops& inner) : to_(inner) {}

  void on_stop(Thread& thread) override { to_.on_stop(thread); }
  void on_interrupted(StoppedThread& thread) override { to_.on_interrupted(thread); }
  void move_out_of_engine_code(StoppedThread& thread) override { to_.move_out_of_engine_code(thread); }
  Resume::How resume_mode(StoppedThread& thread) override { return to_.resume_mode(thread); }

 protected:
  ~ForwardedStops() = default;

 private:
  ProbeStops& to_;
};

class ForwardedSignals : public virtual RaisedSignals {
 public:
  explicit ForwardedSignals(RaisedSignals& inner) : to_(inner) {}

  std::optional<Resume> on_trap(StoppedThread& thread) override { return to_.on_trap(thread); }
  bool on_fault(StoppedThread& thread, int signal) override { return to_.on_fault(thread, signal); }
  bool on_missing_memory(StoppedThread& thread, std::uint64_t address) override {
    return to_.on_missing_memory(thread, address);
  }
  std::optional<Resume> on_dispatched_call(StoppedThread& thread, const siginfo_t& info) override {
    return to_.on_dispatched_call(thread, info);
  }
  bool on_step(StoppedThread& thread) override { return to_.on_step(thread); }
  bool on_own_step(StoppedThread& thread) override { return to_.on_own_step(thread); }

 protected:
  ~ForwardedSignals() = default;

 private:
  RaisedSignals& to_;
};

class ForwardedTasks : public virtual ProbeTasks {
 public:
  explicit ForwardedTasks(ProbeTasks& inner) : to_(inner) {}

  void on_clone(const Thread& parent, const Thread& child) override { to_.on_clone(parent, child); }
  void on_first_stop(StoppedThread& thread) override { to_.on_first_stop(thread); }
  void on_attach_thread(Thread& thread, StoppedThread* stopped) override { to_.on_attach_thread(thread, stopped); }
  void on_thread_pointer(StoppedThread& thread) override { to_.on_thread_pointer(thread); }
  void on_end(Thread& thread) override { to_.on_end(thread); }

 protected:
  ~ForwardedTasks() = default;

 private:
  ProbeTasks& to_;
};

class ForwardedWitness : public virtual OpenCallWitness {
 public:
  explicit ForwardedWitness(OpenCallWitness& inner) : to_(inner) {}

  bool records_call(const Thread& thread, std::uint64_t behind) override { return to_.records_call(thread, behind); }
  bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) override {
    return to_.on_call_entry(thread, fallback, stack_pointer);
  }
  bool notes_callers() const override { return to_.notes_callers(); }
  bool reports_direct_calls(const Thread& thread) const override { return to_.reports_direct_calls(thread); }
  void on_fallback_exit(Thread& thread, Call&& call) override { to_.on_fallback_exit(thread, std::move(call)); }
  const Call* call_in_progress(StoppedThread& thread) override { return to_.call_in_progress(thread); }
  void on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) override {
    to_.on_handler(thread, stack_pointer, alternate_stack);
  }
  void on_handler_return(Thread& thread, std::uint64_t stack_pointer) override {
    to_.on_handler_return(thread, stack_pointer);
  }

 protected:
  ~ForwardedWitness() = default;

 private:
  OpenCallWitness& to_;
};

class ForwardedRecords : public virtual RecordSource {
 public:
  explicit ForwardedRecords(RecordSource& inner) : to_(inner) {}

  Drained drain() override { return to_.drain(); }
  std::uint64_t ring_index(const AddressSpace& space) const override { return to_.ring_index(space); }
  std::byte* ring_memory(const AddressSpace& space, std::uint64_t address, std::size_t size) override {
    return to_.ring_memory(space, address, size);
  }
  void keep_rings(const AddressSpace& space) override { to_.keep_rings(space); }
  std::uint64_t system_calls_taken() const override { return to_.system_calls_taken(); }
  bool has_ring(StoppedThread& thread) const override { return to_.has_ring(thread); }
  void on_call_abandoned(Thread& thread) override { to_.on_call_abandoned(thread); }
  void finish() override { to_.finish(); }

 protected:
  ~ForwardedRecords() = default;

 private:
  RecordSource& to_;
};

/// Does what the inner engine does. Who derives from it overrides only what it changes, and calls `inner_` there for
/// what it adds to.
class EngineDecorator : public ProbeEngine,
                        public ForwardedPlacement,
                        public ForwardedChanges,
                        public ForwardedStops,
                        public ForwardedSignals,
                        public ForwardedTasks,
                        public ForwardedWitness,
                        public ForwardedRecords {
 public:
  explicit EngineDecorator(std::unique_ptr<ProbeEngine> inner)
      : ForwardedPlacement(*inner),
        ForwardedChanges(*inner),
        ForwardedStops(*inner),
        ForwardedSignals(*inner),
        ForwardedTasks(*inner),
        ForwardedWitness(*inner),
        ForwardedRecords(*inner),
        inner_(std::move(inner)) {}

  std::string_view name() const override { return inner_->name(); }
  EngineStops stops() const override { return inner_->stops(); }

 protected:
  const std::unique_ptr<ProbeEngine> inner_;
};

}  // namespace vdsotrace
