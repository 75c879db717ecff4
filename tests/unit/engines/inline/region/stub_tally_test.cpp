// What records add up to.
#include <optional>

#include "engines/inline/region/stub_tally.hpp"
#include "support/catch.hpp"

namespace vdsotrace {
namespace {

TEST_CASE("tallies add up by function, clock and route", "[stub_tally]") {
  CallTallies tallies;
  StubRecord record;
  record.arg0 = 1;
  record.start = 10;
  record.end = 15;
  tallies.add(record, true, Route::vdso);
  tallies.add(record, true, Route::vdso);
  record.arg0 = 40;
  record.result = -22;
  tallies.add(record, true, Route::fallback);
  const auto all = tallies.take_new();
  REQUIRE(all.size() == 2);
  CHECK((all[0].count == 2 && all[0].ticks == 10 && all[0].errors == 0 && all[0].clock == 1u));
  CHECK((all[1].count == 1 && all[1].errors == 1 && all[1].route == Route::fallback));
  CHECK(tallies.seen(0, 1u, true) == 2);
  CHECK(tallies.seen(0, std::nullopt, true) == 1);
}

TEST_CASE("tallies tell how long each call took, once", "[stub_tally]") {
  CallTallies tallies;
  StubRecord record;
  record.start = 10;
  for (const std::uint64_t end : {40, 41, 5010, 10}) {
    record.end = end;
    tallies.add(record, false, Route::vdso);
  }
  auto all = tallies.take_new();
  REQUIRE(all.size() == 1);
  CHECK(all[0].count == 4);
  CHECK(all[0].durations.count() == 3);  // one has no second time stamp
  CHECK(all[0].durations.percentile(50) == 31);
  CHECK(all[0].durations.longest() == 5000);
  record.end = 80;
  tallies.add(record, false, Route::vdso);
  all = tallies.take_new();
  REQUIRE(all.size() == 1);
  CHECK((all[0].durations.count() == 1 && all[0].durations.longest() == 70));
}

TEST_CASE("calls that were counted have ticks, and samples stand for them", "[stub_tally]") {
  CallTallies tallies;
  StubRecord record;
  record.caller = 7;
  record.start = 10;
  record.end = 5010;
  tallies.add(record, false, Route::vdso);
  record.end = 30;
  record.is_sample = true;
  tallies.add(record, false, Route::vdso);
  tallies.add({0, {}, Route::vdso, 100, 0, 2500, 7, 0});
  tallies.add({0, 3, Route::fallback, 2, 0, 0, 0, 0});
  const auto all = tallies.take_new();
  REQUIRE(all.size() == 2);
  CHECK((all[0].count == 101 && all[0].ticks == 7500 && all[0].caller == 7));
  CHECK((all[0].durations.count() == PATH_SAMPLES + 1 && all[0].durations.longest() == 5000));
  CHECK(all[0].durations.percentile(50) == 20);
  CHECK((all[1].count == 2 && all[1].clock == 3u && all[1].route == Route::fallback));
}

TEST_CASE("callers without number take no memory without end", "[stub_tally]") {
  CallTallies tallies;
  StubRecord record;
  record.end = 30;
  for (std::uint64_t caller = 1; caller <= 20'000; ++caller) {
    record.caller = caller;
    tallies.add(record, false, Route::vdso);
  }
  std::uint64_t counted = 0;
  std::size_t with_durations = 0;
  for (const CallTally& tally : tallies.take_new()) {
    counted += tally.count;
    with_durations += tally.durations.count() > 0 ? 1 : 0;
  }
  CHECK(counted == 20'000);
  CHECK((with_durations > 0 && with_durations <= 1024));
}

}  // namespace
}  // namespace vdsotrace
