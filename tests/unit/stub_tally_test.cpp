// What records add up to.
#include <optional>

#include "engines/stub_tally.hpp"
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

}  // namespace
}  // namespace vdsotrace
