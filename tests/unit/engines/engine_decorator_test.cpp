// An engine around another one.
#include "engines/engine_decorator.hpp"

#include <csignal>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/scripted_stop.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

/// Notes what it is asked, with what, and answers nothing that an engine answers by itself.
class NotingEngine final : public ProbeEngine {
 public:
  explicit NotingEngine(std::vector<std::string>& asked) : asked_(asked) {}

  std::string_view name() const override { return "noting"; }
  EngineStops stops() const override { return {false, true, false}; }

  void prepare_attach(pid_t pid) override { note("prepare_attach", pid); }
  void prepare_image(const VdsoImage& image) override { note("prepare_image", image.bytes().size()); }
  bool undo_leftovers(StoppedThread& thread) override { return note("undo_leftovers", thread.tid(), false); }
  void install(AddressSpace&, StoppedThread& thread, std::span<StoppedThread* const> others) override {
    note("install", thread.tid());
    note("others", others.size());
  }
  bool raises_traps(const AddressSpace&) const override { return note("raises_traps", 0, true); }
  void on_vdso_moved(AddressSpace&, StoppedThread& thread) override { note("on_vdso_moved", thread.tid()); }
  void on_memory_locked(StoppedThread& thread) override { note("on_memory_locked", thread.tid()); }
  void on_seccomp(StoppedThread& thread) override { note("on_seccomp", thread.tid()); }
  bool vacate_for_detach(StoppedThread&, bool may_wait) override { return note("vacate_for_detach", may_wait, false); }
  bool remove(AddressSpace&, StoppedThread& thread) override { return note("remove", thread.tid(), false); }

  void on_stop(Thread& thread) override { note("on_stop", thread.tid); }
  std::optional<Resume> on_trap(StoppedThread& thread) override {
    note("on_trap", thread.tid());
    return Resume{Resume::How::listen, SIGUSR1};
  }
  bool on_fault(StoppedThread&, int signal) override { return note("on_fault", signal, true); }
  bool on_missing_memory(StoppedThread&, std::uint64_t address) override {
    return note("on_missing_memory", address, true);
  }
  std::optional<Resume> on_dispatched_call(StoppedThread&, const siginfo_t& info) override {
    note("on_dispatched_call", info.si_signo);
    return Resume{Resume::How::call, SIGUSR2};
  }
  void on_interrupted(StoppedThread& thread) override { note("on_interrupted", thread.tid()); }
  bool on_step(StoppedThread& thread) override { return note("on_step", thread.tid(), false); }
  bool on_own_step(StoppedThread& thread) override { return note("on_own_step", thread.tid(), true); }
  void move_out_of_engine_code(StoppedThread& thread) override { note("move_out_of_engine_code", thread.tid()); }
  Resume::How resume_mode(StoppedThread& thread) override {
    note("resume_mode", thread.tid());
    return Resume::How::step;
  }

  void on_clone(const Thread& parent, const Thread& child) override { note("on_clone", parent.tid - child.tid); }
  void on_first_stop(StoppedThread& thread) override { note("on_first_stop", thread.tid()); }
  void on_attach_thread(Thread& thread, StoppedThread* stopped) override {
    note("on_attach_thread", stopped == nullptr ? 0 : thread.tid);
  }
  void on_thread_pointer(StoppedThread& thread) override { note("on_thread_pointer", thread.tid()); }
  void on_end(Thread& thread) override { note("on_end", thread.tid); }

  bool records_call(const Thread&, std::uint64_t behind) override { return note("records_call", behind, true); }
  bool on_call_entry(Thread&, const VdsoFunction* fallback, std::uint64_t stack_pointer) override {
    return note("on_call_entry", fallback == nullptr ? stack_pointer : 0, true);
  }
  bool notes_callers() const override { return note("notes_callers", 0, false); }
  bool reports_direct_calls(const Thread& thread) const override {
    return note("reports_direct_calls", thread.tid, true);
  }
  void on_fallback_exit(Thread&, Call&& call) override { note("on_fallback_exit", call.nr); }
  const Call* call_in_progress(StoppedThread& thread) override {
    note("call_in_progress", thread.tid());
    return &call_;
  }
  void on_handler(Thread&, std::uint64_t stack_pointer, bool alternate_stack) override {
    note("on_handler", alternate_stack ? stack_pointer : 0);
  }
  void on_handler_return(Thread&, std::uint64_t stack_pointer) override { note("on_handler_return", stack_pointer); }

  Drained drain() override {
    note("drain", 0);
    return {Drained::Found::never, 0.5};
  }
  std::uint64_t ring_index(const AddressSpace&) const override {
    note("ring_index", 0);
    return 8;
  }
  std::byte* ring_memory(const AddressSpace&, std::uint64_t address, std::size_t size) override {
    note("ring_memory", address + size);
    return &byte_;
  }
  void keep_rings(const AddressSpace&) override { note("keep_rings", 0); }
  std::uint64_t system_calls_taken() const override {
    note("system_calls_taken", 0);
    return 9;
  }
  bool has_ring(StoppedThread& thread) const override { return note("has_ring", thread.tid(), true); }
  void on_call_abandoned(Thread& thread) override { note("on_call_abandoned", thread.tid); }
  void finish() override { note("finish", 0); }

 private:
  template <class Number>
  bool note(std::string_view what, Number number, bool answer = true) const {
    asked_.push_back(std::string(what) + " " + std::to_string(number));
    return answer;
  }

  std::vector<std::string>& asked_;
  Call call_;
  std::byte byte_{};
};

/// A thread at a stop, and an engine around one that notes what it is asked.
template <class Engine>
struct Decorated {
  StoppedTask at_stop;
  Thread& thread = at_stop.thread;
  StoppedThread& stopped = at_stop.stopped;
  AddressSpace& space = *thread.space;
  std::vector<std::string> asked;
  Engine around{std::make_unique<NotingEngine>(asked)};
  ProbeEngine& engine = around;

  /// What the engine within was asked since this was asked last, each with a number of what it was given.
  std::vector<std::string> news() { return std::exchange(asked, {}); }
};

std::string of_task(const std::string& what) { return what + " " + std::to_string(kTid); }

/// Changes two things.
class Changing final : public EngineDecorator {
 public:
  using EngineDecorator::EngineDecorator;
  void on_end(Thread&) override {}
  bool has_ring(StoppedThread& thread) const override { return !inner_->has_ring(thread); }
};

}  // namespace

TEST_CASE("a decorator says of itself what the engine within does") {
  Decorated<EngineDecorator> with;
  CHECK(with.engine.name() == "noting");
  CHECK(with.engine.stops().signals);
  CHECK_FALSE(with.engine.stops().patches);
  CHECK_FALSE(with.engine.stops().fallbacks);
}

TEST_CASE("a decorator has the engine within place its probes") {
  Decorated<EngineDecorator> with;
  StoppedThread* const others[] = {&with.stopped, &with.stopped};
  with.engine.prepare_attach(3);
  const VdsoImage image = VdsoImage::parse(own_mapping()).value();
  with.engine.prepare_image(image);
  CHECK_FALSE(with.engine.undo_leftovers(with.stopped));
  with.engine.install(with.space, with.stopped, others);
  CHECK(with.engine.raises_traps(with.space));
  with.engine.on_vdso_moved(with.space, with.stopped);
  with.engine.on_memory_locked(with.stopped);
  with.engine.on_seccomp(with.stopped);
  CHECK_FALSE(with.engine.vacate_for_detach(with.stopped, true));
  CHECK_FALSE(with.engine.remove(with.space, with.stopped));
  CHECK(with.news() == std::vector<std::string>{"prepare_attach 3",
                                                "prepare_image " + std::to_string(image.bytes().size()),
                                                of_task("undo_leftovers"), of_task("install"), "others 2",
                                                "raises_traps 0", of_task("on_vdso_moved"), of_task("on_memory_locked"),
                                                of_task("on_seccomp"), "vacate_for_detach 1", of_task("remove")});
}

TEST_CASE("a decorator shows the engine within all stops") {
  Decorated<EngineDecorator> with;
  siginfo_t info{};
  info.si_signo = SIGSYS;
  with.engine.on_stop(with.thread);
  CHECK(with.engine.on_trap(with.stopped)->signal == SIGUSR1);
  CHECK(with.engine.on_fault(with.stopped, SIGBUS));
  CHECK(with.engine.on_missing_memory(with.stopped, 4096));
  CHECK(with.engine.on_dispatched_call(with.stopped, info)->signal == SIGUSR2);
  with.engine.on_interrupted(with.stopped);
  CHECK_FALSE(with.engine.on_step(with.stopped));
  CHECK(with.engine.on_own_step(with.stopped));
  with.engine.move_out_of_engine_code(with.stopped);
  CHECK(with.engine.resume_mode(with.stopped) == Resume::How::step);
  CHECK(with.news() == std::vector<std::string>{of_task("on_stop"), of_task("on_trap"), "on_fault 7",
                                                "on_missing_memory 4096", "on_dispatched_call 31",
                                                of_task("on_interrupted"), of_task("on_step"), of_task("on_own_step"),
                                                of_task("move_out_of_engine_code"), of_task("resume_mode")});
}

TEST_CASE("a decorator tells the engine within of all tasks") {
  Decorated<EngineDecorator> with;
  Thread child = live_thread();
  child.tid = kTid - 2;
  with.engine.on_clone(with.thread, child);
  with.engine.on_first_stop(with.stopped);
  with.engine.on_attach_thread(with.thread, &with.stopped);
  with.engine.on_attach_thread(with.thread, nullptr);
  with.engine.on_thread_pointer(with.stopped);
  with.engine.on_end(with.thread);
  CHECK(with.news() == std::vector<std::string>{"on_clone 2", of_task("on_first_stop"), of_task("on_attach_thread"),
                                                "on_attach_thread 0", of_task("on_thread_pointer"), of_task("on_end")});
}

TEST_CASE("a decorator passes on what other stops prove of open calls") {
  Decorated<EngineDecorator> with;
  Call call;
  call.nr = 228;
  CHECK(with.engine.records_call(with.thread, 11));
  CHECK(with.engine.on_call_entry(with.thread, nullptr, 12));
  CHECK_FALSE(with.engine.notes_callers());
  CHECK(with.engine.reports_direct_calls(with.thread));
  with.engine.on_fallback_exit(with.thread, std::move(call));
  CHECK(with.engine.call_in_progress(with.stopped) != nullptr);
  with.engine.on_handler(with.thread, 13, true);
  with.engine.on_handler_return(with.thread, 14);
  CHECK(with.news() == std::vector<std::string>{"records_call 11", "on_call_entry 12", "notes_callers 0",
                                                of_task("reports_direct_calls"), "on_fallback_exit 228",
                                                of_task("call_in_progress"), "on_handler 13", "on_handler_return 14"});
}

TEST_CASE("a decorator has what the engine within observes without stops") {
  Decorated<EngineDecorator> with;
  CHECK(with.engine.drain().fill == 0.5);
  CHECK(with.engine.ring_index(with.space) == 8);
  CHECK(with.engine.ring_memory(with.space, 16, 8) != nullptr);
  with.engine.keep_rings(with.space);
  CHECK(with.engine.system_calls_taken() == 9);
  CHECK(with.engine.has_ring(with.stopped));
  with.engine.on_call_abandoned(with.thread);
  with.engine.finish();
  CHECK(with.news() == std::vector<std::string>{"drain 0", "ring_index 0", "ring_memory 24", "keep_rings 0",
                                                "system_calls_taken 0", of_task("has_ring"),
                                                of_task("on_call_abandoned"), "finish 0"});
}

TEST_CASE("what a decorator changes is done its way, whoever asks") {
  Decorated<Changing> with;
  with.engine.on_end(with.thread);
  CHECK(with.news().empty());
  CHECK_FALSE(with.engine.has_ring(with.stopped));
  CHECK(with.news() == std::vector<std::string>{of_task("has_ring")});
}
