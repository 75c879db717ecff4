// What stubs keep of each call, by what the outputs need.
#include "engines/inline/plan/stub_settings.hpp"

#include <algorithm>

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

Needs counting() {
  Needs needs;
  needs.each_call = false;
  return needs;
}

const VdsoService& getrandom() {
  const auto services = known_services();
  return *std::ranges::find(services, "getrandom", &VdsoService::syscall);
}

TEST_CASE("stubs keep no more of a call than is needed", "[stub_settings]") {
  Needs needs = counting();
  CHECK(StubSettings(needs, false).depth == StubDepth::count);
  CHECK_FALSE(StubSettings(needs, false).record_size());
  needs.callers = true;
  CHECK(StubSettings(needs, false).depth == StubDepth::callers);
  CHECK(StubSettings(needs, false).record_size() == RecordSize::window);
  CHECK_FALSE(StubSettings(needs, false).records_times());
  needs.vdso_durations = true;
  CHECK(StubSettings(needs, false).depth == StubDepth::measured);
  needs.callers = false;
  CHECK(StubSettings(needs, false).record_size() == RecordSize::line);
  needs.each_call = true;
  CHECK(StubSettings(needs, false).record_size() == RecordSize::values);
  needs.stacks = true;
  CHECK(StubSettings(needs, false).record_size() == RecordSize::values_window);
}

TEST_CASE("system calls of stubs are marked where a filter may have to know them", "[stub_settings]") {
  Needs needs;
  CHECK(StubSettings(needs, false).wishes().mark);
  CHECK_FALSE(StubSettings(needs, true).wishes().mark);
  const std::vector<std::string> routes{"route=vdso"};
  needs.selection = *Selection::parse(routes);
  CHECK_FALSE(StubSettings(needs, false).wishes().mark);
}

TEST_CASE("a value for which records have no room is left to others, unless that takes stops", "[stub_settings]") {
  Needs needs;
  CHECK(StubSettings(needs, false).wishes().unsuited(getrandom()).empty());
  needs.limits.string = RECORD_VALUE_BYTES + 1;
  const StubSettings ours(needs, false), attached(needs, true);
  CHECK_FALSE(ours.wishes().unsuited(getrandom()).empty());
  CHECK(attached.wishes().unsuited(getrandom()).empty());
}

TEST_CASE("calls that something is injected into are left to others", "[stub_settings]") {
  Needs needs;
  std::vector<std::string> expressions{"inject=getrandom:error=EIO"};
  const auto injections = Injections::take(expressions);
  REQUIRE(injections);
  CHECK(expressions.empty());
  needs.injections = &*injections;
  const StubSettings settings(needs, false);
  CHECK_FALSE(settings.wishes().unsuited(getrandom()).empty());
  CHECK(settings.wishes().unsuited(*service_of_syscall("time")).empty());
}

TEST_CASE("stubs sleep only in processes that we have started", "[stub_settings]") {
  const Needs needs;
  CHECK(StubSettings(needs, false).may_sleep());
  CHECK_FALSE(StubSettings(needs, true).may_sleep());
}

}  // namespace
}  // namespace vdsotrace
