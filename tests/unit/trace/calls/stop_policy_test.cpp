// Which system calls stop.
#include "trace/calls/stop_policy.hpp"

#include "support/catch.hpp"
#include "support/scripted_session.hpp"
#include "support/scripted_stop.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

Needs needs_of(const std::string& expression) {
  Needs needs;
  needs.selection = *Selection::parse(std::span(&expression, 1));
  needs.children = true;
  return needs;
}

/// An engine that changes no code and asks for no stop.
class Watcher final : public ProbeEngine {
 public:
  std::string_view name() const override { return "watcher"; }
  EngineStops stops() const override { return {false, false, false}; }
  void install(AddressSpace&, StoppedThread&, std::span<StoppedThread* const>) override {}
  bool remove(AddressSpace&, StoppedThread&) override { return true; }
  bool vacate_for_detach(StoppedThread&, bool) override { return true; }
  std::optional<Resume> on_trap(StoppedThread&) override { return std::nullopt; }
  void move_out_of_engine_code(StoppedThread&) override {}
  bool on_call_entry(Thread&, const VdsoFunction*, std::uint64_t) override { return false; }
  void on_fallback_exit(Thread&, Call&&) override {}
  void on_handler(Thread&, std::uint64_t, bool) override {}
  void on_handler_return(Thread&, std::uint64_t) override {}
  void on_end(Thread&) override {}
};

}  // namespace

TEST_CASE("all calls stop where all are asked for, without a filter") {
  RecordingEngine engine;
  const StopPolicy policy(needs_of("trace=all"), engine, true);
  CHECK(policy.mode() == StopPolicy::Mode::every);
  CHECK(policy.filter().empty());
  CHECK(policy.stops(live_thread()));
}

TEST_CASE("a filter picks out the calls where some are asked for of a program that we start") {
  RecordingEngine engine;
  const StopPolicy policy(needs_of("trace=openat"), engine, true);
  CHECK(policy.mode() == StopPolicy::Mode::picked);
  CHECK_FALSE(policy.filter().empty());
  CHECK_FALSE(policy.stops(live_thread()));
}

TEST_CASE("all calls stop of a process that runs already, which no filter can be put on") {
  RecordingEngine engine;
  const StopPolicy policy(needs_of("trace=openat"), engine, false);
  CHECK(policy.mode() == StopPolicy::Mode::every);
  CHECK(policy.filter().empty());
}

TEST_CASE("every call stops of what is started without a filter") {
  Watcher engine;
  Needs needs = needs_of("trace=%vdso");
  CHECK(StopPolicy(needs, engine, true).mode() == StopPolicy::Mode::picked);
  needs.filter = false;
  const StopPolicy policy(needs, engine, true);
  CHECK(policy.mode() == StopPolicy::Mode::every);
  CHECK(policy.filter().empty());
}

TEST_CASE("no call of a running process stops where stops are not to show direct calls") {
  Watcher engine;
  for (const auto by : {DirectCallsBy::trace_points, DirectCallsBy::nothing}) {
    Needs needs = needs_of("trace=%vdso");
    needs.direct_calls = by;
    const StopPolicy policy(needs, engine, false);
    CHECK(policy.mode() == StopPolicy::Mode::none);
    Thread thread = live_thread();
    CHECK_FALSE(policy.stops(thread));
    // A program of another ABI asks for it.
    thread.space->stop_at_every_syscall();
    CHECK(policy.stops(thread));
  }
  CHECK(StopPolicy(needs_of("trace=%vdso"), engine, false).mode() == StopPolicy::Mode::every);
  // Other calls are seen by stops only.
  Needs all = needs_of("trace=all");
  all.direct_calls = DirectCallsBy::trace_points;
  CHECK(StopPolicy(all, engine, false).mode() == StopPolicy::Mode::every);
  CHECK(wants_ordinary_calls(all.selection));
  CHECK_FALSE(wants_ordinary_calls(needs_of("trace=%vdso").selection));
  CHECK_FALSE(wants_ordinary_calls(needs_of("route=syscall").selection));
}

TEST_CASE("no call stops where none is asked for and the engine needs none") {
  Watcher engine;
  const StopPolicy policy(needs_of("trace=none"), engine, true);
  CHECK(policy.mode() == StopPolicy::Mode::none);
  CHECK_FALSE(policy.stops(live_thread()));
}

TEST_CASE("all calls stop where the kernel has refused the filter") {
  RecordingEngine engine;
  StopPolicy policy(needs_of("trace=openat"), engine, true);
  policy.confirm(false);
  CHECK(policy.mode() == StopPolicy::Mode::every);
  CHECK_FALSE(policy.filtered());
}

TEST_CASE("a filter that is in force stays so, whatever a later program says") {
  RecordingEngine engine;
  StopPolicy policy(needs_of("trace=openat"), engine, true);
  policy.confirm(true);
  policy.confirm(false);
  CHECK(policy.filtered());
  CHECK(policy.mode() == StopPolicy::Mode::picked);
}

TEST_CASE("under a filter a thread's calls stop while its state asks for that") {
  RecordingEngine engine;
  const StopPolicy policy(needs_of("trace=openat"), engine, true);
  using Change = void (*)(Thread&);
  constexpr Change kChanges[] = {
      [](Thread& thread) { thread.in_call.emplace(); },
      [](Thread& thread) { thread.seccomp_suspended = true; },
      [](Thread& thread) { thread.executed = true; },
      [](Thread& thread) { thread.in_exec_prologue = 1; },
      [](Thread& thread) { thread.phase = Thread::Phase::launching; },
      [](Thread& thread) { thread.space->stop_at_every_syscall(); },
  };
  for (std::size_t i = 0; i < std::size(kChanges); ++i) {
    INFO("change " << i);
    Thread thread = live_thread();
    REQUIRE_FALSE(policy.stops(thread));
    kChanges[i](thread);
    CHECK(policy.stops(thread));
  }
}

TEST_CASE("the calls of a thread that is kept in silence stop only where its memory has patches") {
  RecordingEngine engine;
  const StopPolicy policy(needs_of("trace=all"), engine, true);
  Thread thread = live_thread();
  thread.role = Thread::Role::guarded;
  CHECK_FALSE(policy.stops(thread));
}
