#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "os/machine/call_probe.hpp"
#include "support/catch.hpp"

namespace vdsotrace {
namespace {

int makes_the_system_call(clockid_t clock, timespec* into) {
  return static_cast<int>(::syscall(SYS_clock_gettime, clock, into));
}
int makes_none(clockid_t, timespec* into) {
  *into = {};
  return 0;
}
/// As a function that has to fetch something at its first call.
int makes_one_the_first_time(clockid_t clock, timespec* into) {
  static bool made = false;
  if (!made) ::syscall(SYS_clock_gettime, clock, into);
  made = true;
  return 0;
}

std::uintptr_t address(int (*function)(clockid_t, timespec*)) { return reinterpret_cast<std::uintptr_t>(function); }

const VdsoService& clock_gettime_service() { return *service_of_syscall("clock_gettime"); }

TEST_CASE("call probe: says which functions enter the kernel") {
  const CallProbe probes[] = {{&clock_gettime_service(), CLOCK_MONOTONIC, address(makes_the_system_call)},
                              {&clock_gettime_service(), CLOCK_MONOTONIC, address(makes_none)},
                              {&clock_gettime_service(), CLOCK_MONOTONIC, address(makes_one_the_first_time)},
                              {&clock_gettime_service(), CLOCK_MONOTONIC, 0}};
  const auto findings = probe_calls(probes);
  REQUIRE(findings);
  REQUIRE(findings->size() == 4);
  CHECK((*findings)[0].in_user_space == false);
  CHECK((*findings)[1].in_user_space == true);
  CHECK((*findings)[2].in_user_space == true);
  CHECK((*findings)[3].in_user_space == std::nullopt);
  for (const CallFinding& finding : *findings) {
    CHECK(finding.error == 0);
    CHECK(finding.system_call_ns > 0);
    CHECK(finding.resolution_ns.value_or(0) > 0);
  }
  CHECK((*findings)[1].function_ns > 0);
  CHECK((*findings)[3].function_ns == 0);
}

TEST_CASE("call probe: a clock that the kernel refuses") {
  const CallProbe probes[] = {{&clock_gettime_service(), 999, address(makes_none)}};
  const auto findings = probe_calls(probes);
  REQUIRE(findings);
  CHECK((*findings)[0].error == EINVAL);
}

TEST_CASE("call probe: nothing asked, nothing answered") {
  const auto findings = probe_calls({});
  REQUIRE(findings);
  CHECK(findings->empty());
}

TEST_CASE("call probe: a function that ends its process is an error, not our end") {
  int (*const ends)(clockid_t, timespec*) = [](clockid_t, timespec*) -> int { ::_exit(3); };
  const CallProbe probes[] = {{&clock_gettime_service(), CLOCK_MONOTONIC, address(ends)}};
  CHECK_FALSE(probe_calls(probes));
}

}  // namespace
}  // namespace vdsotrace
