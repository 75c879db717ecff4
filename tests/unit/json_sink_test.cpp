#include <nlohmann/json.hpp>
#include <sstream>

#include "event_stream.hpp"
#include "pipeline/pipeline.hpp"
#include "sinks/json_lines.hpp"
#include "sinks/summary.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;
using Json = nlohmann::json;

namespace {

std::vector<Json> lines_of(std::vector<Event> events, bool summary_only = false) {
  Scratch scratch;
  Aggregate totals;
  const Selection all;
  Pipeline pipeline(all, totals);
  const RunFacts facts{"1.0", {"./a\xff", "b"}, "breakpoint", "x86_64", "6.18", "tsc"};
  pipeline.add(std::make_unique<JsonLinesSink>(scratch.output, totals, facts, DecodeLimits{}, summary_only));
  for (Event& e : events) pipeline.accept(std::move(e));
  REQUIRE(pipeline.finish());
  std::vector<Json> lines;
  std::istringstream text(scratch.text());
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

}  // namespace

TEST_CASE("a call's line has every key of the contract") {
  const auto lines = lines_of({event(clock_call(Route::fallback))});
  REQUIRE(lines.size() == 3);
  const Json& call = lines[1];
  for (const char* key : {"type", "seq", "time_ns", "pid", "tid", "name", "route", "symbol", "nr", "clock", "args", "ret",
                          "errno", "duration_ns", "caller", "reason", "engine"})
    CHECK(call.contains(key));
  CHECK(call["name"] == "clock_gettime");
  CHECK(call["route"] == "fallback");
  CHECK(call["symbol"] == "__vdso_clock_gettime");
  CHECK(call["nr"] == 228);
  CHECK(call["clock"] == "CLOCK_MONOTONIC");
  CHECK(call["args"] == Json({"CLOCK_MONOTONIC", "{tv_sec=1, tv_nsec=2}"}));
  CHECK(call["ret"] == 0);
  CHECK(call["errno"].is_null());
  CHECK(call["seq"] == 1);
}

TEST_CASE("a call that stayed in user space has no system call number") {
  const auto lines = lines_of({event(clock_call(Route::vdso))});
  CHECK(lines[1]["nr"].is_null());
}

TEST_CASE("integers beyond 53 bits are decimal strings") {
  const auto lines = lines_of({event(clock_call(Route::vdso)), event(returned(running("mmap", {}), 0x7fff'ffff'ffff'f000))});
  CHECK(lines[1]["time_ns"] == "1619316657828106000");
  CHECK(lines[2]["ret"] == "9223372036854771712");
}

TEST_CASE("a failed call has ret -1 and the error's name") {
  const auto lines = lines_of({event(returned(running("close", {3}), -EBADF))});
  CHECK(lines[1]["ret"] == -1);
  CHECK(lines[1]["errno"] == "EBADF");
}

TEST_CASE("start and summary frame the stream; with a summary only they are all") {
  const auto lines = lines_of({event(Started{}), event(clock_call(Route::vdso)), event(clock_call(Route::vdso)),
                               event(returned(running("close", {3}), 0)), event(Lost{5})},
                              true);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["type"] == "start");
  CHECK(lines[0]["engine"] == "breakpoint");
  const Json& summary = lines[1];
  CHECK(summary["type"] == "summary");
  REQUIRE(summary["calls"].size() == 1);
  CHECK(summary["calls"][0]["count"] == 2);
  CHECK(summary["calls"][0]["route"] == "vdso");
  CHECK(summary["calls"][0]["clock"] == "CLOCK_MONOTONIC");
  CHECK(summary["syscalls"] == 1);
  CHECK(summary["processes"] == 1);
  CHECK(summary["lost"] == 5);
}

TEST_CASE("counts and calls add up to the same totals") {
  Counts counts{"clock_gettime", Abi::x86_64, 1, Route::vdso, 10, 1, {}};
  Aggregate totals;
  totals.add(event(clock_call(Route::vdso)));
  totals.add(event(counts));
  REQUIRE(totals.calls().size() == 1);
  CHECK(totals.calls().begin()->second.count == 11);
  CHECK(totals.calls().begin()->second.errors == 1);
  CHECK(totals.by_route(Route::vdso) == 11);
}

TEST_CASE("a program that invents clocks cannot make the totals grow without bound") {
  Aggregate totals;
  for (std::uint64_t clock = 0; clock < 100'000; ++clock) {
    Call call = returned(running("clock_gettime", {clock, 0}), -EINVAL);
    call.route = Route::syscall;
    totals.add(event(call));
  }
  CHECK(totals.calls().size() < 5000);
  CHECK(totals.by_route(Route::syscall) == 100'000);
}

TEST_CASE("the summary table is sorted as asked") {
  Aggregate totals;
  totals.add(event(Counts{"time", Abi::x86_64, {}, Route::vdso, 3, 0, {}}));
  totals.add(event(Counts{"clock_gettime", Abi::x86_64, 1, Route::fallback, 7, 2, 70'000}));
  const auto table = [&](SortKey key) {
    Scratch scratch;
    SummarySink sink(scratch.output, totals, key, "breakpoint");
    REQUIRE(sink.finish());
    return scratch.text();
  };
  const auto by_name = table(SortKey::name);
  CHECK(by_name.find("clock_gettime(CLOCK_MONOTONIC)") < by_name.find(" time\n"));
  const auto by_route = table(SortKey::route);
  CHECK(by_route.find("fallback") < by_route.find(" vdso "));
  CHECK(by_name.find("engine: breakpoint\n") == 0);
  CHECK(by_name.find("100.00    0.000070          10         7         2 fallback clock_gettime(CLOCK_MONOTONIC)\n") !=
        std::string::npos);
}

TEST_CASE("an output that breaks is told once, at the end") {
  auto output = Output::file("/dev/full", false);
  REQUIRE(output);
  (*output)->write("something");
  (*output)->settle();
  (*output)->write("more");
  const auto closed = (*output)->close();
  REQUIRE_FALSE(closed);
  CHECK(closed.error().message == "/dev/full: cannot write: No space left on device");
  CHECK_FALSE(Output::file("/no/such/folder/file", false));
}

TEST_CASE("a command reads the trace") {
  Scratch scratch;
  {
    auto output = Output::command("read line; test \"$line\" = hello");
    REQUIRE(output);
    (*output)->write("hello\n");
    CHECK((*output)->close());
  }
}
