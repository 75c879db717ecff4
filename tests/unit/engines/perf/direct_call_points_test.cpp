#include "engines/perf/direct_call_points.hpp"
#include "support/catch.hpp"

#include <map>

using namespace vdsotrace;

namespace {

/// The trace points of a kernel, numbered in the order in which they are asked for.
class TracePoints {
 public:
  FindTracePoint find(const std::string& missing = {}) {
    return [this, missing](const std::string& name) -> Result<std::uint64_t> {
      if (name == missing) return fail("no " + name);
      return numbers.try_emplace(name, numbers.size() + 1).first->second;
    };
  }

  std::map<std::string, std::uint64_t> numbers;
};

constexpr DirectCallMeans kSingleCalls{Abi::x86_64, false};
constexpr DirectCallMeans kFilters{Abi::x86_64, true};

Needs needs_of(const std::string& calls, bool durations = false) {
  Needs needs;
  needs.durations = durations;
  needs.selection = Selection::parse(std::vector{"trace=" + calls}).value();
  return needs;
}

}  // namespace

TEST_CASE("each vDSO-capable call that is wanted has a trace point") {
  TracePoints kernel;
  const auto points = find_direct_call_points(needs_of("time,getcpu,read"), kSingleCalls, kernel.find());
  REQUIRE(points);
  REQUIRE(points->size() == 2);
  const std::map<std::string, std::uint64_t> returns{{"syscalls/sys_exit_time", points->at(0).returned},
                                                     {"syscalls/sys_exit_getcpu", points->at(1).returned}};
  CHECK(kernel.numbers == returns);
  CHECK(points->at(0).entered == 0);
  CHECK(points->at(0).filter.empty());
}

TEST_CASE("entries have trace points where durations are wanted") {
  TracePoints kernel;
  const auto points = find_direct_call_points(needs_of("%vdso", true), kSingleCalls, kernel.find());
  REQUIRE(points);
  CHECK(kernel.numbers.size() == 2 * points->size());
  for (const DirectCallPoint& point : *points) CHECK(point.entered != 0);
  CHECK(kernel.numbers.contains("syscalls/sys_enter_clock_gettime"));
}

TEST_CASE("two trace points with a filter show all calls that are wanted") {
  TracePoints kernel;
  const auto points =
      find_direct_call_points(needs_of("gettimeofday,time,clock_gettime", true), kFilters, kernel.find());
  REQUIRE(points);
  REQUIRE(points->size() == 1);
  CHECK(points->front().returned == kernel.numbers["raw_syscalls/sys_exit"]);
  CHECK(points->front().entered == kernel.numbers["raw_syscalls/sys_enter"]);
  CHECK(points->front().filter == "id >= 96 && (id == 96 || (id >= 201 && (id == 201 || (id == 228))))");
}

TEST_CASE("filters have an ABI's own numbers") {
  TracePoints kernel;
  const auto points = find_direct_call_points(needs_of("gettimeofday"), {Abi::i386, true}, kernel.find());
  REQUIRE(points);
  CHECK(points->front().filter == "id == 78");
}

TEST_CASE("where no vDSO-capable call is wanted there is no trace point") {
  TracePoints kernel;
  for (const DirectCallMeans& means : {kSingleCalls, kFilters})
    CHECK(find_direct_call_points(needs_of("read"), means, kernel.find()).value().empty());
  CHECK(kernel.numbers.empty());
}

TEST_CASE("a trace point that is missing is an error") {
  TracePoints kernel;
  const Needs needs = needs_of("time,getcpu", true);
  const auto single = find_direct_call_points(needs, kSingleCalls, kernel.find("syscalls/sys_enter_getcpu"));
  REQUIRE_FALSE(single);
  CHECK(single.error().message == "no syscalls/sys_enter_getcpu");
  CHECK_FALSE(find_direct_call_points(needs, kFilters, kernel.find("raw_syscalls/sys_exit")));
}
