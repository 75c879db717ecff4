#include <nlohmann/json.hpp>
#include <sstream>

#include "pipeline/pipeline.hpp"
#include "sinks/json_lines.hpp"
#include "support/event_stream.hpp"
#include "vdsotrace/vdso_image.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;
using Json = nlohmann::json;

namespace {

std::string text_of(std::vector<Event> events, bool summary_only = false) {
  Scratch scratch;
  Aggregate totals;
  const Selection all;
  Explainer explainer;
  Pipeline pipeline(all, totals, explainer);
  const RunFacts facts{
      {"1.0", "here", "2026-11-26T23:10:05Z"}, {"./a\xff", "b"}, "breakpoint", "x86_64", "6.18", "tsc"};
  pipeline.add(std::make_unique<JsonLinesSink>(scratch.output, totals, facts, DecodeLimits{}, summary_only));
  for (Event& e : events) pipeline.accept(std::move(e));
  REQUIRE(pipeline.finish());
  return scratch.text();
}

std::vector<Json> lines_of(std::vector<Event> events, bool summary_only = false) {
  std::vector<Json> lines;
  std::istringstream text(text_of(std::move(events), summary_only));
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

}  // namespace

TEST_CASE("a call's line has every key of the contract") {
  const auto lines = lines_of({event(clock_call(Route::fallback))});
  REQUIRE(lines.size() == 3);
  const Json& call = lines[1];
  for (const char* key : {"type", "seq", "time_ns", "pid", "tid", "name", "route", "symbol", "nr", "clock", "args",
                          "ret", "errno", "duration_ns", "caller", "reason", "engine"})
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
  const auto lines =
      lines_of({event(clock_call(Route::vdso)), event(returned(running("mmap", {}), 0x7fff'ffff'ffff'f000))});
  CHECK(lines[1]["time_ns"] == "1619316657828106000");
  CHECK(lines[2]["ret"] == "9223372036854771712");
}

TEST_CASE("a failed call has ret -1 and the error's name") {
  const auto lines = lines_of({event(returned(running("close", {3}), -EBADF))});
  CHECK(lines[1]["ret"] == -1);
  CHECK(lines[1]["errno"] == "EBADF");
}

TEST_CASE("start and summary frame the stream, and with a summary only they are all") {
  const auto lines = lines_of({event(Started{}), event(clock_call(Route::vdso)), event(clock_call(Route::vdso)),
                               event(returned(running("close", {3}), 0)), event(Lost{5})},
                              true);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["type"] == "start");
  CHECK(lines[0]["schema"] == 1);
  CHECK(lines[0]["host"] == "here");
  CHECK(lines[0]["time"] == "2026-11-26T23:10:05Z");
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
  CHECK(summary["complete"] == false);
  CHECK(summary["notices"] == Json::array());
}

TEST_CASE("an unknown route has a name, and rows of its own") {
  const auto lines = lines_of({event(clock_call(Route::unknown))});
  CHECK(lines[1]["route"] == "unknown");
  CHECK(lines[1]["nr"].is_null());
  CHECK(lines[1]["symbol"] == "__vdso_clock_gettime");
  REQUIRE(lines[2]["calls"].size() == 1);
  CHECK(lines[2]["calls"][0]["route"] == "unknown");
  CHECK(lines[2]["syscalls"] == 0);
}

TEST_CASE("a notice says what is missing, and the summary has all of them") {
  const Notice unseen{"some are not seen", Missing::direct_calls};
  const auto lines = lines_of({event(unseen), event(Notice{"for your information"})});
  REQUIRE(lines.size() == 4);
  CHECK(lines[1]["missing"] == "direct-calls");
  CHECK(lines[2]["missing"].is_null());
  CHECK(lines[3]["complete"] == false);
  CHECK(lines[3]["notices"] == Json({"process 100: some are not seen", "process 100: for your information"}));
  CHECK(lines_of({event(unseen)}, true)[1]["notices"].size() == 1);
  CHECK(lines_of({})[1]["complete"] == true);
}

TEST_CASE("a call's line, exactly") {
  CHECK(text_of({event(clock_call(Route::vdso), 101)})
            .find("\n{\"type\":\"call\",\"seq\":1,\"time_ns\":\"1619316657828106000\",\"pid\":100,\"tid\":101,"
                  "\"name\":\"clock_gettime\",\"route\":\"vdso\",\"symbol\":\"__vdso_clock_gettime\",\"nr\":null,"
                  "\"clock\":\"CLOCK_MONOTONIC\",\"args\":[\"CLOCK_MONOTONIC\",\"{tv_sec=1, tv_nsec=2}\"],\"ret\":0,"
                  "\"errno\":null,\"duration_ns\":null,\"caller\":null,\"reason\":null,\"engine\":\"breakpoint\"}\n") !=
        std::string::npos);
}

TEST_CASE("steps are reported where they were made") {
  Call call = clock_call(Route::vdso);
  call.steps.emplace();
  call.steps->instructions = 67;
  call.steps->path = {0x10, 0x14};
  auto line = lines_of({event(call)})[1];
  CHECK(line["instructions"] == 67);
  CHECK(line["retries"] == 0);
  CHECK_FALSE(line.contains("steps"));
  call.steps->complete = false;
  call.steps->image = std::make_shared<VdsoImage>();
  line = lines_of({event(call)})[1];
  CHECK(line["instructions"].is_null());
  CHECK(line["steps"] == Json({16, 20}));
  CHECK_FALSE(lines_of({event(clock_call(Route::vdso))})[1].contains("retries"));
}

TEST_CASE("strings in a call are quoted once for text and once for JSON") {
  Call write = running("write", {1, 0x1000, 5});
  const char data[] = {'"', '\\', '\n', '\x1b', '\xff'};
  write.at_entry.note(0x1000, std::as_bytes(std::span(data)));
  const auto lines = lines_of({event(returned(write, 5))});
  CHECK(lines[1]["args"] == Json({"1", R"("\"\\\n\33\377")", "5"}));
}

TEST_CASE("the limit of 53 bits is exact") {
  constexpr std::int64_t kLimit = std::int64_t{1} << 53;
  const auto ret_of = [](std::int64_t result) {
    Call call = running("mmap", {});
    call.ending = Ending::returned;
    call.result = result;
    return lines_of({event(call)})[1]["ret"];
  };
  CHECK(ret_of(kLimit - 1) == kLimit - 1);
  CHECK(ret_of(kLimit) == "9007199254740992");
  CHECK(ret_of(-kLimit + 1) == -kLimit + 1);
  CHECK(ret_of(-kLimit) == "-9007199254740992");
}

TEST_CASE("a call that never returned has neither result nor error") {
  Call exit = running("exit_group", {0});
  exit.ending = Ending::unfinished;
  const auto lines = lines_of({event(exit)});
  CHECK(lines[1]["ret"].is_null());
  CHECK(lines[1]["errno"].is_null());
  CHECK(lines[1]["route"].is_null());
  CHECK(lines[1]["symbol"].is_null());
  CHECK(lines[1]["nr"] == 231);
}

TEST_CASE("the caller is reported where it is known") {
  Call call = clock_call(Route::vdso);
  call.duration_ns = 25;
  call.caller = Caller{0x7fff'ffff'ffff'ffff, "/bin/\xfe", 0x34, ""};
  const auto line = lines_of({event(call)})[1];
  CHECK(line["duration_ns"] == 25);
  CHECK(line["caller"] == Json({{"address", "9223372036854775807"},
                                {"module", "/bin/\\376"},
                                {"offset", 0x34},
                                {"symbol", nullptr},
                                {"in_module", 0},
                                {"source", nullptr}}));
  CHECK_FALSE(line.contains("stack"));
  CHECK(line["beyond"] == line["caller"]);
}

TEST_CASE("a caller in a runtime is reported with the first one beyond, if that is known") {
  Call call = clock_call(Route::vdso);
  call.caller = Caller{0x1000, "libstdc++.so.6", 4, "std::now()"};
  call.caller->in_runtime = true;
  CHECK(lines_of({event(call)})[1]["beyond"].is_null());
  call.caller->beyond = std::make_shared<const Caller>(Caller{0x2000, "/bin/a", 8, "work()"});
  const auto line = lines_of({event(call)})[1];
  CHECK(line["beyond"]["symbol"] == "work()");
  CHECK(line["caller"]["symbol"] == "std::now()");
  call.caller.reset();
  CHECK_FALSE(lines_of({event(call)})[1].contains("beyond"));
}

TEST_CASE("a stack is reported where it was asked for") {
  Call call = clock_call(Route::vdso);
  call.stack = {Caller{0x1005, "/bin/a", 5, "f", 0x5, "a.c:3"}, Caller{0x2000, "", 0x2000, "", 0x2000, ""}};
  const auto stack = lines_of({event(call)})[1]["stack"];
  REQUIRE(stack.size() == 2);
  CHECK(stack[0] == Json({{"address", 0x1005},
                          {"module", "/bin/a"},
                          {"offset", 5},
                          {"symbol", "f"},
                          {"in_module", 5},
                          {"source", "a.c:3"}}));
  CHECK(stack[1]["symbol"] == nullptr);
}

TEST_CASE("processes, signals and ends have their keys") {
  Execed execed;
  execed.program = "/bin/a";
  execed.vdso = VdsoFacts{0x7ffff7fc1000, 0x2000, {"__vdso_time"}};
  siginfo_t info{};
  info.si_signo = SIGUSR1;
  info.si_code = SI_USER;
  const auto lines =
      lines_of({event(Started{Started::How::fork, 7}), event(Started{Started::How::thread, kPid}, 101), event(execed),
                event(Signal{info}), event(Exited{false, false, 3}, 101), event(Exited{true, true, SIGSEGV}),
                event(Notice{"no vDSO"}), event(GroupStopped{SIGTSTP})});
  REQUIRE(lines.size() == 9);
  CHECK(lines[1] == Json({{"type", "process"}, {"pid", 100}, {"tid", 100}, {"ppid", 7}, {"event", "fork"}}));
  CHECK(lines[2] == Json({{"type", "process"}, {"pid", 100}, {"tid", 101}, {"ppid", 100}, {"event", "thread"}}));
  CHECK(lines[3] == Json({{"type", "process"},
                          {"pid", 100},
                          {"tid", 100},
                          {"ppid", 7},
                          {"event", "exec"},
                          {"program", "/bin/a"},
                          {"arch", "x86_64"},
                          {"vdso", {{"base", 0x7ffff7fc1000}, {"size", 0x2000}, {"functions", {"__vdso_time"}}}}}));
  CHECK(lines[4] == Json({{"type", "signal"},
                          {"pid", 100},
                          {"tid", 100},
                          {"signal", "SIGUSR1"},
                          {"code", SI_USER},
                          {"time_ns", std::to_string(kTime)}}));
  CHECK(lines[5] ==
        Json({{"type", "exit"}, {"pid", 100}, {"tid", 101}, {"status", 3}, {"time_ns", std::to_string(kTime)}}));
  CHECK(lines[6]["signal"] == "SIGSEGV");
  CHECK_FALSE(lines[6].contains("status"));
  CHECK(lines[7]["text"] == "no vDSO");
}

TEST_CASE("a program without a vDSO has none") {
  const auto lines = lines_of({event(Execed{})});
  CHECK(lines[1]["vdso"].is_null());
  CHECK(lines[1]["ppid"].is_null());
}

TEST_CASE("names reach the stream as printable ASCII that says what they were") {
  Execed execed;
  execed.program = "/tmp/\x1b[2J\xc2\x9b\x7f\xc3\xa9";
  Execed broken;
  broken.program = "/tmp/\xff\n";
  const std::string text = text_of({event(execed), event(broken)});
  for (const char c : text) CHECK((c == '\n' || (c >= ' ' && c <= '~')));
  std::istringstream stream(text);
  std::vector<Json> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  CHECK(lines[0]["command"] == Json({"./a\\377", "b"}));
  CHECK(lines[1]["program"] == execed.program);
  CHECK(lines[2]["program"] == "/tmp/\\377\\n");
}
