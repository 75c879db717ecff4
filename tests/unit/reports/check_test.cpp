#include "reports/check.hpp"

#include <cerrno>

#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

CallFacts reads(std::string clock, std::optional<bool> in_user_space, double ns) {
  CallFacts call{.name = "clock_gettime"};
  call.clock_id = 1;
  call.clock = std::move(clock);
  call.in_user_space = in_user_space;
  call.function_ns = in_user_space ? ns : 0;
  call.system_call_ns = 250;
  return call;
}

InfoFacts machine(std::vector<CallFacts> calls) {
  InfoFacts facts{.clocksource = "tsc"};
  facts.calls = std::move(calls);
  return facts;
}

Check checked(std::vector<CallFacts> calls, double most_ns = 1000) {
  return check_of(machine(std::move(calls)), most_ns);
}

}  // namespace

TEST_CASE("check: common calls that stay in user space") {
  const Check check = checked({reads("CLOCK_MONOTONIC", true, 22.04), reads("CLOCK_REALTIME_COARSE", true, 5)}, 100);
  CHECK(check.status == CheckStatus::fine);
  CHECK(check.line ==
        "vDSO OK: 2 common time calls stay in user space, at most 22.0 ns each (clocksource tsc) | "
        "clock_gettime_monotonic=22.0ns;100;;0 clock_gettime_realtime_coarse=5.0ns;100;;0\n");
}

TEST_CASE("check: calls that enter the kernel, or are not in the vDSO") {
  const Check falls_back = checked({reads("CLOCK_MONOTONIC", false, 640), reads("CLOCK_REALTIME", true, 22)});
  CHECK(falls_back.status == CheckStatus::not_fine);
  CHECK(falls_back.line ==
        "vDSO WARNING: clock_gettime(CLOCK_MONOTONIC) enters the kernel: 640 ns (clocksource tsc) | "
        "clock_gettime_monotonic=640.0ns;1000;;0 clock_gettime_realtime=22.0ns;1000;;0\n");
  const Check missing = checked({reads("CLOCK_MONOTONIC", std::nullopt, 0)});
  CHECK(missing.status == CheckStatus::not_fine);
  CHECK(missing.line.find("enters the kernel: 250 ns") != std::string::npos);
}

TEST_CASE("check: calls that cost too much") {
  CHECK(checked({reads("CLOCK_MONOTONIC", true, 100)}, 100).status == CheckStatus::fine);
  const Check dear = checked({reads("CLOCK_MONOTONIC", true, 100.1)}, 100);
  CHECK(dear.status == CheckStatus::not_fine);
  CHECK(dear.line.find("clock_gettime(CLOCK_MONOTONIC) takes 100 ns") != std::string::npos);
}

TEST_CASE("check: clocks that few programs read do not count") {
  CHECK(checked({reads("CLOCK_MONOTONIC", true, 22), reads("CLOCK_PROCESS_CPUTIME_ID", false, 400)}).status ==
        CheckStatus::fine);
  CHECK(checked({reads("CLOCK_PROCESS_CPUTIME_ID", false, 400)}).status == CheckStatus::unknown);
}

TEST_CASE("check: what is not known is not fine, and no worse than what is known") {
  CallFacts refused = reads("CLOCK_MONOTONIC", std::nullopt, 0);
  refused.error = EPERM;
  const Check check = checked({refused, reads("CLOCK_REALTIME", true, 22)});
  CHECK(check.status == CheckStatus::unknown);
  CHECK(check.line ==
        "vDSO UNKNOWN: it cannot be told whether clock_gettime(CLOCK_MONOTONIC) stays in user space | "
        "clock_gettime_realtime=22.0ns;1000;;0\n");
  CHECK(checked({refused, reads("CLOCK_REALTIME", false, 640)}).status == CheckStatus::not_fine);
  InfoFacts facts = machine({reads("CLOCK_MONOTONIC", std::nullopt, 0)});
  facts.calls[0].function_known = false;
  facts.vdso_unknown = "the image cannot be read";
  CHECK(check_of(facts, 1000).line.find("in user space: the image cannot be read\n") != std::string::npos);
}

TEST_CASE("check: one line whatever it is about") {
  InfoFacts facts = machine({reads("CLOCK_MONOTONIC", true, 22)});
  facts.clocksource = "odd|name\nx\x1b";
  const std::string line = check_of(facts, 1000).line;
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(line.find("(clocksource odd/name\\nx\\33) | clock_gettime") != std::string::npos);
  CHECK(unknown_check("a|b").line == "vDSO UNKNOWN: a/b\n");
}
