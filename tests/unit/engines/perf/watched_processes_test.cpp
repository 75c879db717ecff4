// Processes that the perf engine watches, and how they end.
#include "engines/perf/watched_processes.hpp"

#include <limits>

#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

constexpr pid_t kWatched = 1'000'000'000, kThread = kWatched + 1, kAnother = kWatched + 2;

/// What has been reported, with the threads that it is about.
class Heard final : public EventSink {
 public:
  void accept(Event&& event) override { events.push_back(std::move(event)); }
  std::vector<Event> events;
  /// The route of the only call; nothing if there is another number of them.
  std::optional<Route> route() const {
    std::vector<std::optional<Route>> routes;
    for (const Event& event : events) {
      if (const auto* call = std::get_if<Call>(&event.body)) routes.push_back(call->route);
    }
    return routes.size() == 1 ? routes.front() : std::nullopt;
  }
  /// Whose ends have been reported, in that order.
  std::vector<pid_t> ended() const {
    std::vector<pid_t> tids;
    for (const Event& event : events) {
      if (std::holds_alternative<Exited>(event.body)) tids.push_back(event.tid);
    }
    return tids;
  }
};

/// A process of two threads, and another one. Nobody has their numbers.
struct Watching {
  Watching() {
    for (const pid_t pid : {kWatched, kAnother}) {
      WatchedProcess process;
      process.space = std::make_shared<AddressSpace>();
      process.threads.try_emplace(pid);
      CHECK(processes.add(pid, std::move(process)));
    }
    processes.find(kWatched)->threads.try_emplace(kThread);
  }
  void enter(pid_t tid) {
    Call call;
    call.name = "clock_gettime";
    call.symbol = "__vdso_clock_gettime";
    processes.find(kWatched)->threads[tid].entered(std::move(call), PerfPoint::Fallbacks::seen, 1,
                                                   processes.report_calls(kWatched, tid));
  }
  Heard heard;
  WatchedProcesses processes{heard};
};

}  // namespace

TEST_CASE("a process is watched until its last thread has ended") {
  Watching with;
  CHECK_FALSE(with.processes.add(kWatched, {}));
  with.processes.end_thread(kWatched, kWatched, unseen_end());
  REQUIRE(with.processes.find(kWatched) != nullptr);
  with.processes.end_thread(kWatched, kWatched, unseen_end());
  with.processes.end_thread(kWatched, kThread, unseen_end());
  CHECK(with.processes.find(kWatched) == nullptr);
  with.processes.end_thread(kWatched, kThread, unseen_end());
  CHECK(with.heard.ended() == std::vector<pid_t>{kWatched, kThread});
  CHECK_FALSE(with.processes.empty());
}

TEST_CASE("a call that is open is reported before the end of its thread") {
  Watching with;
  with.enter(kThread);
  CHECK(with.heard.events.empty());
  with.processes.end_thread(kWatched, kThread, unseen_end());
  REQUIRE(with.heard.events.size() == 2);
  CHECK(std::holds_alternative<Call>(with.heard.events[0].body));
  CHECK((with.heard.events[0].pid == kWatched && with.heard.events[0].tid == kThread));
}

TEST_CASE("what is lost may be what would show an open call's route") {
  Watching with;
  with.enter(kWatched);
  with.processes.doubt_open_calls();
  CHECK(with.heard.route() == Route::unknown);
}

TEST_CASE("what is open when nothing is recorded any more has no known route") {
  Watching with;
  with.enter(kWatched);
  with.processes.abandon_open_calls(1);
  CHECK(with.heard.route() == Route::unknown);
}

TEST_CASE("processes that are dead end when all that they recorded is known") {
  Watching with;
  // None has a descriptor: they are dead from now on.
  with.processes.end_dead(0);
  with.processes.end_dead(0);
  CHECK(with.heard.events.empty());
  with.processes.end_dead(std::numeric_limits<std::int64_t>::max());
  CHECK(with.heard.ended() == std::vector<pid_t>{kWatched, kThread, kAnother});
  CHECK(with.processes.empty());
}

TEST_CASE("all are detached from in the order of their numbers") {
  Watching with;
  with.processes.end_all(Detached{});
  CHECK(with.processes.empty());
  REQUIRE(with.heard.events.size() == 3);
  CHECK((with.heard.events[0].tid == kWatched && with.heard.events[2].tid == kAnother));
}
