#include "pipeline/call_rows.hpp"

#include "support/catch.hpp"

using namespace vdsotrace;

TEST_CASE("calls of one key have one row, which stays where it is") {
  CallRows rows;
  CallTotal* first = rows.at({"clock_gettime", "CLOCK_REALTIME", Route::vdso}).total;
  for (int i = 0; i < 100; ++i) rows.at({"clock_gettime", "CLOCK_" + std::to_string(i), Route::vdso});
  CHECK(rows.at({"clock_gettime", "CLOCK_REALTIME", Route::vdso}).total == first);
  CHECK(rows.at({"clock_gettime", "CLOCK_REALTIME", Route::syscall}).total != first);
  CHECK(rows.totals().size() == 102);
}

TEST_CASE("no more than so many words that a program invents have rows of their own") {
  CallRows rows;
  for (std::size_t i = 0; i < 2 * CallRows::kMostInvented; ++i)
    rows.at({std::to_string(i), "", {}}, true).total->count = 1;
  CHECK(rows.totals().size() == CallRows::kMostInvented + 1);
  CHECK(rows.totals().contains({"other calls", "", {}}));
  CHECK(rows.totals().contains({"0", "", {}}));
  // Those that were first are still known.
  rows.at({"0", "", {}}, true).total->count = 7;
  CHECK(rows.totals().at({"0", "", {}}).count == 7);
  // Clocks count towards the same bound; names of calls that have one do not.
  rows.at({"clock_gettime", "-5", Route::syscall});
  CHECK(rows.totals().contains({"clock_gettime", "other clocks", Route::syscall}));
  rows.at({"getcpu", "", Route::vdso});
  CHECK(rows.totals().contains({"getcpu", "", Route::vdso}));
}

TEST_CASE("durations are kept only where they are asked for") {
  const CallKey key{"time", "", Route::vdso};
  CallRows without, with;
  CHECK(without.at(key).durations == nullptr);
  with.keep_durations();
  REQUIRE(with.at(key).durations != nullptr);
  CHECK(with.durations_of(key) == nullptr);  // none was measured
  with.at(key).durations->add(30);
  REQUIRE(with.durations_of(key) != nullptr);
  CHECK(with.durations_of(key)->count() == 1);
  CHECK(with.durations_of({"getcpu", "", Route::vdso}) == nullptr);
}
