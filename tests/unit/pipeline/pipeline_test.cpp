#include "pipeline/pipeline.hpp"

#include <cerrno>
#include <csignal>

#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

/// Keeps what it is given.
class Keeper final : public Sink {
 public:
  struct Seen {
    std::vector<Event> events;
    int settled = 0;
    int finished = 0;
  };

  explicit Keeper(Seen& seen, Result<void> ending = {}) : seen_(seen), ending_(std::move(ending)) {}

  void consume(const Event& event) override { seen_.events.push_back(event); }
  void flush() override { ++seen_.settled; }
  Result<void> finish() override {
    ++seen_.finished;
    return ending_;
  }

 private:
  Seen& seen_;
  Result<void> ending_;
};

Selection selected(std::vector<std::string> expressions) { return *Selection::parse(expressions); }

Event signalled(int number) {
  siginfo_t info{};
  info.si_signo = number;
  return event(Signal{info});
}

struct Run {
  Aggregate totals;
  Keeper::Seen seen;
};

void run(Run& into, const Selection& selection, std::vector<Event> events) {
  Explainer explainer;
  Pipeline pipeline(selection, into.totals, explainer);
  pipeline.add(std::make_unique<Keeper>(into.seen));
  for (Event& e : events) pipeline.accept(std::move(e));
  REQUIRE(pipeline.finish());
}

}  // namespace

TEST_CASE("events that pass are numbered from 1 without a gap") {
  Run ran;
  run(ran, selected({"trace=close"}),
      {event(returned(running("read", {}), 0)), event(returned(running("close", {3}), 0)),
       event(returned(running("write", {}), 0)), event(Exited{})});
  REQUIRE(ran.seen.events.size() == 2);
  CHECK(ran.seen.events[0].seq == 1);
  CHECK(ran.seen.events[1].seq == 2);
  CHECK(std::holds_alternative<Exited>(ran.seen.events[1].body));
}

TEST_CASE("what does not pass is not counted either") {
  Run ran;
  run(ran, selected({"route=fallback"}),
      {event(clock_call(Route::vdso)), event(clock_call(Route::fallback)), event(returned(running("close", {3}), 0))});
  CHECK(ran.totals.by_route(Route::vdso) == 0);
  CHECK(ran.totals.by_route(Route::fallback) == 1);
  CHECK(ran.totals.ordinary() == 0);
}

TEST_CASE("a call by an unknown route passes where it may be meant") {
  const auto passes = [](const char* expression) {
    Run ran;
    run(ran, selected({expression}),
        {event(clock_call(Route::unknown)), event(Counts{"clock_gettime", Abi::x86_64, 1, Route::unknown, 1, 0, {}})});
    return ran.totals.by_route(Route::unknown) == 2;
  };
  for (const char* expression :
       {"trace=all", "trace=%vdso", "route=vdso", "route=fallback,syscall", "route=unknown", "route=!vdso"})
    CHECK(passes(expression));
  for (const char* expression : {"route=syscall", "route=none", "trace=close"}) CHECK_FALSE(passes(expression));
}

TEST_CASE("nothing is told after the end") {
  const Selection all;
  Aggregate totals;
  Keeper::Seen seen;
  Explainer explainer;
  Pipeline pipeline(all, totals, explainer);
  pipeline.add(std::make_unique<Keeper>(seen));
  REQUIRE(pipeline.finish());
  pipeline.accept(event(Exited{}));
  pipeline.flush();
  CHECK(seen.events.empty());
  CHECK(seen.settled == 0);
}

TEST_CASE("calls that come as counts are filtered like calls that come one by one") {
  const Counts vdso{"clock_gettime", Abi::x86_64, 1, Route::vdso, 10, 0, {}};
  const Counts fallback{"clock_gettime", Abi::x86_64, 2, Route::fallback, 5, 0, {}};
  const Counts other{"time", Abi::x86_64, {}, Route::vdso, 3, 0, {}};
  const Counts ordinary{"close", Abi::x86_64, {}, {}, 2, 0, {}};
  const auto total = [&](const char* expression) {
    Run ran;
    run(ran, selected({expression}), {event(vdso), event(fallback), event(other), event(ordinary)});
    return ran.totals.vdso_capable() + ran.totals.ordinary();
  };
  CHECK(total("trace=all") == 20);
  CHECK(total("trace=clock_gettime") == 15);
  CHECK(total("route=vdso") == 13);
  CHECK(total("trace=%vdso") == 18);
  CHECK(total("trace=close") == 2);
}

TEST_CASE("a call's beginning passes where the call does") {
  Run ran;
  run(ran, selected({"trace=close"}),
      {event(CallEntered{running("close", {3})}), event(CallEntered{running("read", {})})});
  REQUIRE(ran.seen.events.size() == 1);
  CHECK(ran.totals.ordinary() == 0);
}

TEST_CASE("signals are chosen by signal=, and nothing else hides them") {
  Run ran;
  run(ran, selected({"trace=none", "signal=!chld"}), {signalled(SIGCHLD), signalled(SIGTERM), event(Lost{1})});
  REQUIRE(ran.seen.events.size() == 2);
  CHECK(std::get<Signal>(ran.seen.events[0].body).info.si_signo == SIGTERM);
}

TEST_CASE("every sink is settled and finished, and the first error counts") {
  const Selection all;
  Aggregate totals;
  Keeper::Seen first, second, third;
  Explainer explainer;
  Pipeline pipeline(all, totals, explainer);
  pipeline.add(std::make_unique<Keeper>(first));
  pipeline.add(std::make_unique<Keeper>(second, fail("one")));
  pipeline.add(std::make_unique<Keeper>(third, fail("two")));
  pipeline.accept(event(Exited{}));
  pipeline.flush();
  const auto finished = pipeline.finish();
  REQUIRE_FALSE(finished);
  CHECK(finished.error().message == "one");
  for (const auto* seen : {&first, &second, &third}) {
    CHECK(seen->events.size() == 1);
    CHECK(seen->settled == 1);
    CHECK(seen->finished == 1);
  }
}

TEST_CASE("counts and calls add up to the same totals") {
  Aggregate totals;
  Call measured = clock_call(Route::vdso);
  measured.duration_ns = 30;
  totals.add(event(clock_call(Route::vdso)));
  totals.add(event(measured));
  totals.add(event(Counts{"clock_gettime", Abi::x86_64, 1, Route::vdso, 10, 1, 200}));
  REQUIRE(totals.calls().size() == 1);
  const auto& [key, total] = *totals.calls().begin();
  CHECK(key == CallKey{"clock_gettime", "CLOCK_MONOTONIC", Route::vdso});
  CHECK(total.count == 12);
  CHECK(total.errors == 1);
  CHECK(total.measured == 11);
  CHECK(total.duration_ns == 230);
  CHECK(totals.by_route(Route::vdso) == 12);
}

TEST_CASE("processes, threads and losses are counted") {
  Aggregate totals;
  totals.add(event(Started{Started::How::spawn, 0}));
  totals.add(event(Started{Started::How::thread, kPid}, 101));
  totals.add(event(Started{Started::How::vfork, kPid}, 102));
  totals.add(event(Lost{2}));
  totals.add(event(Lost{3}));
  CHECK(totals.processes() == 2);
  CHECK(totals.threads() == 3);
  CHECK(totals.lost() == 5);
}

TEST_CASE("a program that invents clocks and calls cannot make the totals grow without bound") {
  Aggregate totals;
  for (std::uint64_t i = 1000; i < 101'000; ++i) {
    Call clock = returned(running("clock_gettime", {i, 0}), -EINVAL);
    clock.route = Route::syscall;
    totals.add(event(clock));
    Call unknown = returned(running("", {}), -ENOSYS);
    unknown.nr = static_cast<std::int64_t>(i);
    totals.add(event(unknown));
  }
  CHECK(totals.calls().size() < 100);
  CHECK(totals.by_route(Route::syscall) == 100'000);
  CHECK(totals.ordinary() == 100'000);
  // The real ones are still told apart.
  totals.add(event(clock_call(Route::syscall)));
  CHECK(totals.calls().contains({"clock_gettime", "CLOCK_MONOTONIC", Route::syscall}));
  CHECK(totals.calls().at({"clock_gettime", "other clocks", Route::syscall}).errors > 99'000);
}

TEST_CASE("calls of another status are counted and not shown") {
  Run ran;
  run(ran, selected({"status=failed"}),
      {event(CallEntered{running("close", {3})}), event(returned(running("close", {3}), 0)),
       event(CallEntered{running("close", {4})}), event(returned(running("close", {4}), -EBADF)), event(Exited{})});
  REQUIRE(ran.seen.events.size() == 2);
  CHECK(std::get<Call>(ran.seen.events[0].body).error == EBADF);
  CHECK(std::holds_alternative<Exited>(ran.seen.events[1].body));
  CHECK(ran.totals.calls().begin()->second.count == 2);
}

TEST_CASE("a call is shown when its thread is detached in its middle, if that is wanted") {
  const auto let_go = [](std::vector<std::string> status) {
    Run ran;
    run(ran, selected(std::move(status)),
        {event(CallEntered{running("read", {0})}, 101), event(CallEntered{running("close", {3})}),
         event(returned(running("close", {3}), 0)), event(Detached{}), event(Detached{}, 101)});
    return ran.seen.events;
  };
  const auto shown = let_go({"status=detached"});
  REQUIRE(shown.size() == 3);
  CHECK(std::holds_alternative<Detached>(shown[0].body));
  CHECK(shown[1].tid == 101);
  CHECK(std::holds_alternative<CallEntered>(shown[1].body));
  CHECK(std::holds_alternative<Detached>(shown[2].body));
  CHECK(let_go({"status=unfinished"}).size() == 2);
}
