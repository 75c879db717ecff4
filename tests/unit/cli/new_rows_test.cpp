// A service and a clock that are added to their tables are known to everything that treats services and clocks
// differently.
#include <algorithm>
#include <vector>

#include "audit/tally.hpp"
#include "cli/observing/info_calls.hpp"
#include "cli/observing/own_vdso.hpp"
#include "cli/observing/price_list.hpp"
#include "engines/breakpoint/probe_plan.hpp"
#include "engines/inline/plan/stub_plan.hpp"
#include "engines/inline/records/stub_call.hpp"
#include "engines/perf/plan.hpp"
#include "model/syscalls/spec.hpp"
#include "model/vdso/tables.hpp"
#include "support/event_stream.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

/// The function that kernels export so has times(2) for its system call now, and not time(2).
constexpr VdsoService kNewService{.symbol = "__vdso_time",
                                  .syscall = "times",
                                  .arguments = 1,
                                  .first_is_clock = false,
                                  .returns_long = true,
                                  .output = ServiceOutput::result,
                                  .reads = ServiceClock::realtime,
                                  .rank = 0};
/// An id that the kernel knows by another name.
constexpr ClockRow kNewClock{7, "CLOCK_NEW", ClockKind::alarm};

std::vector<VdsoService> services_without_time() {
  std::vector<VdsoService> services;
  std::ranges::copy_if(known_services(), std::back_inserter(services),
                       [](const VdsoService& service) { return service.syscall != "time"; });
  return services;
}

std::vector<VdsoService> services_with_a_new_one() {
  auto services = services_without_time();
  services.push_back(kNewService);
  return services;
}

std::vector<ClockRow> clocks_with_a_new_one() {
  std::vector<ClockRow> clocks(known_clocks().begin(), known_clocks().end());
  std::erase_if(clocks, [](const ClockRow& clock) { return clock.id == kNewClock.id; });
  clocks.push_back(kNewClock);
  return clocks;
}

/// As it is mapped: to the end of its last page.
VdsoImage image() {
  constexpr std::size_t kPage = 4096;
  Bytes bytes = saved_image("7.3.4+deb13.x86_64");
  bytes.resize((bytes.size() + kPage - 1) / kPage * kPage);
  return parse_or_throw(bytes);
}
bool everything(const VdsoService&) { return true; }
bool is_new(const VdsoService* service) { return service != nullptr && service->syscall == kNewService.syscall; }

StubPlan stubs_for(const VdsoImage& image, std::span<const VdsoService> services) {
  StubWishes wishes;
  wishes.depth = StubDepth::values;
  wishes.wanted = everything;
  wishes.services = services;
  return plan_stubs(image, wishes);
}

const StubbedFunction* stubbed_in(const StubPlan& plan) {
  const auto found = std::ranges::find_if(plan.functions, [](const StubbedFunction& f) { return is_new(f.service); });
  return found == plan.functions.end() ? nullptr : &*found;
}

TEST_CASE("a new service is planned for", "[tables]") {
  const VdsoImage parsed = image();
  const auto without = services_without_time(), with = services_with_a_new_one();
  CHECK(stubs_for(parsed, without).functions.size() + 1 == stubs_for(parsed, with).functions.size());
  const StubPlan stubs = stubs_for(parsed, with);
  REQUIRE(stubbed_in(stubs) != nullptr);
  CHECK(stubbed_in(stubs)->nr == number_of(Abi::x86_64, "times"));

  const auto has_point = [](const PerfPlan& plan) {
    return std::ranges::any_of(plan.points, is_new, &PerfPoint::service);
  };
  CHECK_FALSE(has_point(plan_perf_points(parsed, everything, true, without)));
  CHECK(has_point(plan_perf_points(parsed, everything, true, with)));

  const auto entry = parsed.function_named("__vdso_time")->entry;
  CHECK_FALSE(plan_probes(parsed, everything, true, parsed.unused_from(), without).sites.contains(entry));
  const ProbePlan probes = plan_probes(parsed, everything, true, parsed.unused_from(), with);
  REQUIRE(probes.sites.contains(entry));
  CHECK(is_new(probes.sites.at(entry).service));
}

TEST_CASE("a record of a new service is decoded", "[tables]") {
  const VdsoImage parsed = image();
  const auto services = services_with_a_new_one();
  const StubPlan plan = stubs_for(parsed, services);
  REQUIRE(stubbed_in(plan) != nullptr);
  RecordedCall recorded{};
  recorded.function = stubbed_in(plan);
  recorded.record.arg0 = 0x1000;
  recorded.record.result = 77;
  recorded.record.start = recorded.record.end = TscClock::now();
  Call call;
  fill_call(call, recorded, TscClock());
  CHECK(call.name == "times");
  CHECK(call.symbol == "__vdso_time");
  CHECK(call.at_exit.object<std::int64_t>(0x1000) == 77);
}

TEST_CASE("a new service and a new clock have prices", "[tables]") {
  const auto services = services_with_a_new_one();
  const auto clocks = clocks_with_a_new_one();
  const std::set<PricedCall> calls{{"times", ""}, {"clock_getres", "CLOCK_NEW"}};
  const Prices none = cli::price_list(calls);
  CHECK_FALSE(none("times", ""));
  CHECK_FALSE(none("clock_getres", "CLOCK_NEW"));
  const Prices prices = cli::price_list(calls, {services, clocks});
  REQUIRE(prices("times", ""));
  CHECK(prices("times", "")->system_call_ns > 0);
  CHECK(prices("clock_getres", "CLOCK_NEW"));
}

TEST_CASE("info makes the calls of a new service, and by a new clock", "[tables]") {
  const std::vector<VdsoService> services{*service_of_syscall("clock_getres"), kNewService};
  const std::vector<ClockRow> clocks{kNewClock, {9999, "CLOCK_NOWHERE", ClockKind::precise, true}};
  const auto calls = cli::info_calls(cli::own_vdso(), {services, clocks});
  REQUIRE(calls);
  REQUIRE(calls->size() == 2);
  CHECK((*calls)[0].name == "clock_getres");
  CHECK((*calls)[0].clock == "CLOCK_NEW");
  CHECK((*calls)[0].clock_id == 7);
  CHECK((*calls)[0].error == 0);
  CHECK((*calls)[1].name == "times");
  CHECK((*calls)[1].clock.empty());
  CHECK((*calls)[1].system_call_ns > 0);
}

TEST_CASE("an audit counts and explains calls of a new service and a new clock", "[tables]") {
  const auto services = services_with_a_new_one();
  const auto clocks = clocks_with_a_new_one();
  Explainer explainer(false, {services, clocks});
  AuditTally tally(explainer);
  const auto add = [&](std::string_view name, std::uint64_t first) {
    Call call;
    call.name = name;
    call.nr = number_of(Abi::x86_64, name);
    call.route = Route::fallback;
    call.args[0] = first;
    call.ending = Ending::returned;
    call.reason = explainer.reason_of(kPid, call);
    tally.add(event(std::move(call)));
  };
  explainer.note(event(Clocksource{"hpet"}));
  add("clock_gettime", 7);
  add("times", 0);
  CHECK(tally.entries().contains({"clock_gettime", "CLOCK_NEW", Route::fallback, Reason::alarm_clock}));
  CHECK(tally.entries().contains({"times", "", Route::fallback, Reason::clocksource}));
}

}  // namespace
}  // namespace vdsotrace
