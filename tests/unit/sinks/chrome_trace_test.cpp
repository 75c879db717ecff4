#include "sinks/chrome_trace.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

struct Traced {
  Scratch scratch;
  ChromeTraceSink sink;

  explicit Traced(ChromeTraceSink::NameOf name_of = {}) : sink(scratch.output, std::move(name_of)) {}

  /// Its events of one kind.
  std::vector<nlohmann::json> events(std::string_view kind) {
    if (!finished_) REQUIRE(sink.finish());
    finished_ = true;
    std::vector<nlohmann::json> found;
    const auto trace = nlohmann::json::parse(text_in(scratch.path()));
    std::ranges::copy_if(trace["traceEvents"], std::back_inserter(found),
                         [&](const nlohmann::json& one) { return one["ph"] == kind; });
    return found;
  }

 private:
  bool finished_ = false;
};

Call measured(std::int64_t start_ns, Route route = Route::vdso) {
  Call call = clock_call(route);
  call.start_ns = start_ns;
  call.duration_ns = 1500;
  return call;
}

}  // namespace

TEST_CASE("a Chrome trace holds complete events and instants") {
  Traced traced;
  Call call = measured(kTime);
  traced.sink.consume(event(call));
  call.duration_ns.reset();
  call.start_ns += 2000;
  traced.sink.consume(event(call));
  const auto complete = traced.events("X"), instants = traced.events("i");
  REQUIRE((complete.size() == 1 && instants.size() == 1));
  CHECK(complete[0]["dur"] == 1.5);
  CHECK(complete[0]["ts"] == 0.0);
  CHECK(instants[0]["ts"] == 2.0);
  CHECK(instants[0]["s"] == "t");
  CHECK(instants[0]["args"]["route"] == "vdso");
}

TEST_CASE("threads of a Chrome trace have the last name that is known of them") {
  std::map<std::int32_t, std::string> names{{kPid, "program"}, {kPid + 1, "program"}};
  Traced traced([&](std::int32_t tid) { return names.contains(tid) ? names[tid] : std::string(); });
  for (const pid_t tid : {kPid, kPid + 1, kPid + 2}) traced.sink.consume(event(measured(kTime), tid));
  names[kPid + 1] = "worker";
  traced.sink.consume(event(Exited{}, kPid + 1));
  names.clear();
  std::map<int, std::string> threads;
  int processes = 0;
  for (const auto& one : traced.events("M")) {
    if (one["name"] == "thread_name") threads[one["tid"]] = one["args"]["name"];
    processes += one["name"] == "process_name" && one["args"]["name"] == "program";
  }
  CHECK(threads == std::map<int, std::string>{{kPid, "program"}, {kPid + 1, "worker"}, {kPid + 2, "thread 102"}});
  CHECK(processes == 1);
}

TEST_CASE("a Chrome trace counts the calls of each route over time") {
  constexpr std::int64_t kMs = 1'000'000;
  Traced traced;
  for (const std::int64_t ms : {0, 0, 0, 1, 1, 1, 2, 4}) traced.sink.consume(event(measured(kTime + ms * kMs)));
  traced.sink.consume(event(measured(kTime + 4 * kMs, Route::fallback)));
  std::map<std::string, std::vector<std::pair<double, double>>> counters;
  for (const auto& one : traced.events("C"))
    counters[one["name"]].emplace_back(one["ts"].get<double>(), one["args"]["calls/s"].get<double>());
  using Steps = std::vector<std::pair<double, double>>;
  // What does not change is not said again, and in the end there is nothing.
  CHECK(counters["vdso"] == Steps{{0, 3000}, {2000, 1000}, {3000, 0}, {4000, 1000}, {5000, 0}});
  CHECK(counters["fallback"] == Steps{{4000, 1000}, {5000, 0}});
  CHECK(counters.size() == 2);
}
