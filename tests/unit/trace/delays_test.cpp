#include "trace/delays.hpp"

#include "base/clock.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;

Delays::Stop stop_of(std::int64_t delay_ns, int signal = 0) { return {{Resume::How::run, signal, delay_ns}, {}}; }

}  // namespace

TEST_CASE("who is delayed goes on when the time is over, once", "[delays]") {
  Delays delays;
  CHECK_FALSE(delays.until_due(0));
  const std::int64_t before = monotonic_ns();
  delays.add(7, stop_of(kHour, 10));
  delays.add(8, stop_of(2 * kHour));
  CHECK(delays.take_due(before + kHour - 1).empty());
  const auto due = delays.take_due(monotonic_ns() + kHour);
  REQUIRE(due.size() == 1);
  CHECK(due[0].first == 7);
  CHECK(due[0].second.how.signal == 10);
  CHECK(due[0].second.how.delay_ns == 0);
  CHECK_FALSE(delays.empty());
  CHECK(delays.take_due(Delays::kAll).size() == 1);
  CHECK(delays.empty());
}

TEST_CASE("the next one that is due says how long to sleep", "[delays]") {
  Delays delays;
  delays.add(7, stop_of(2 * kHour));
  delays.add(8, stop_of(kHour));
  CHECK(*delays.until_due(monotonic_ns()) <= kHour);
  CHECK(delays.until_due(monotonic_ns() + 5 * kHour) == 0);
  delays.forget(8);
  CHECK(*delays.until_due(monotonic_ns()) > kHour);
}

TEST_CASE("a delay without end does not overflow", "[delays]") {
  Delays delays;
  delays.add(7, stop_of(Delays::kAll));
  CHECK(delays.take_due(monotonic_ns() + kHour).empty());
  CHECK(delays.take_due(Delays::kAll).size() == 1);
}
