#include <cerrno>

#include <nlohmann/json.hpp>

#include "reports/info.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

InfoFacts some_facts() {
  InfoFacts facts{.kernel = "Linux 6.18.1",
                  .machine = "x86_64",
                  .clocksource = "tsc",
                  .clocksources = {"tsc", "acpi_pm"},
                  .vsyscall = "xonly"};
  facts.calls = {{.name = "clock_gettime",
                  .clock_id = 1,
                  .clock = "CLOCK_MONOTONIC",
                  .in_user_space = true,
                  .function_ns = 22.04,
                  .system_call_ns = 251.26,
                  .resolution_ns = 1},
                 {.name = "clock_gettime",
                  .clock_id = 2,
                  .clock = "CLOCK_PROCESS_CPUTIME_ID",
                  .in_user_space = false,
                  .function_ns = 312.5,
                  .system_call_ns = 300,
                  .resolution_ns = 4'000'000},
                 {.name = "clock_gettime", .clock_id = 8, .clock = "CLOCK_REALTIME_ALARM", .error = EINVAL},
                 {.name = "getrandom", .system_call_ns = 400}};
  return facts;
}

TEST_CASE("info: without a vDSO") {
  CHECK(info_text(some_facts()) ==
        R"(kernel         Linux 6.18.1 x86_64
clocksource    tsc (available: tsc, acpi_pm)
vsyscall page  xonly
vDSO           none: every call enters the kernel

call                                     stays in user space     vDSO ns   syscall ns  resolution
clock_gettime(CLOCK_MONOTONIC)           yes                        22.0        251.3        1 ns
clock_gettime(CLOCK_PROCESS_CPUTIME_ID)  no: falls back            312.5        300.0        4 ms
clock_gettime(CLOCK_REALTIME_ALARM)      not on this system    EINVAL
getrandom                                no: not in the vDSO           -        400.0
)");
}

TEST_CASE("info: where that would not fit, functions stand above their clocks") {
  const std::string text = info_text(some_facts(), {.columns = 80});
  CHECK(text.substr(text.find("\n\n") + 2) ==
        R"(call                        stays in user space   vDSO ns syscall ns  resolution
clock_gettime
  CLOCK_MONOTONIC           yes                      22.0      251.3        1 ns
  CLOCK_PROCESS_CPUTIME_ID  no: falls back          312.5      300.0        4 ms
  CLOCK_REALTIME_ALARM      not on this system  EINVAL
getrandom                   no: not in the vDSO         -      400.0
)");
  CHECK(info_text(some_facts(), {.columns = 97}) == info_text(some_facts()));
}

TEST_CASE("info: with a vDSO, of another process") {
  InfoFacts facts = some_facts();
  facts.calls.clear();
  const auto bytes = testing::saved_image("6.1.0-50.x86_64");
  facts.vdso = VdsoDescription{0x7ffff7fc1000, 8192, testing::parse_or_throw(bytes)};
  facts.process = ProcessVdso{42, "/bin/odd\x1b[31m", true, false};
  const std::string text = info_text(facts);
  CHECK(text.find("process        42 (/bin/odd?[31m)\n"
                  "its view       the vDSO image is ours, a time namespace of its own\n") != text.npos);
  CHECK(text.find("vDSO           0x7ffff7fc1000, 8192 bytes, x86_64, "
                  "build-id 704e99b53cb5fd1fe918d8a31d2bcdefdaedc78d\n") != text.npos);
  CHECK(text.find("     780    428  __vdso_gettimeofday, gettimeofday\n") != text.npos);
}

TEST_CASE("info: JSON has the same facts") {
  InfoFacts facts = some_facts();
  facts.vdso = VdsoDescription{0x7ffff7fc1000, 8192, testing::parse_or_throw(testing::saved_image("6.1.0-50.x86_64"))};
  const std::string line = info_json(facts);
  CHECK(line.find('\n') == line.size() - 1);
  const auto object = nlohmann::json::parse(line);
  CHECK(object["type"] == "info");
  CHECK(object["clocksource"]["available"] == nlohmann::json({"tsc", "acpi_pm"}));
  CHECK(object["process"].is_null());
  CHECK(object["vdso"]["base"] == 0x7ffff7fc1000);
  CHECK(object["vdso"]["functions"][0]["names"] == nlohmann::json({"__vdso_gettimeofday", "gettimeofday"}));
  const auto& calls = object["calls"];
  CHECK(calls[0]["route"] == "vdso");
  CHECK(calls[0]["vdso_ns"] == 22.0);
  CHECK(calls[1]["user_space"] == false);
  CHECK(calls[1]["route"] == "fallback");
  CHECK(calls[1]["resolution_ns"] == 4'000'000);
  CHECK(calls[2]["error"] == "EINVAL");
  CHECK(calls[2]["route"].is_null());
  CHECK(calls[3]["route"] == "syscall");
  CHECK(calls[3]["vdso_ns"].is_null());
  CHECK(calls[3]["clock"].is_null());
}

TEST_CASE("info: no vDSO is null in JSON") { CHECK(nlohmann::json::parse(info_json(some_facts()))["vdso"].is_null()); }

TEST_CASE("info: a program's name that is no UTF-8 does not break JSON") {
  InfoFacts facts = some_facts();
  facts.process = ProcessVdso{42, "/bin/\xff", true, true};
  CHECK(nlohmann::json::parse(info_json(facts))["process"]["pid"] == 42);
}

}  // namespace
}  // namespace vdsotrace
