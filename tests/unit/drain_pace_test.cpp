#include "support/catch.hpp"
#include "trace/drain_pace.hpp"

namespace vdsotrace {
namespace {

using Found = Drained::Found;
constexpr std::int64_t kMicrosecond = 1'000;
constexpr std::int64_t kMillisecond = 1'000'000;

/// Looks every 20 us that find the same fill, as often as there is no sleep between them, 1,000 times at most.
int polls_of(DrainPace& pace, std::int64_t& now, double fill) {
  int polls = 0;
  for (; pace.pause() == 0 && polls < 1000; ++polls) pace.looked(now += 20 * kMicrosecond, {Found::something, fill});
  return polls;
}

TEST_CASE("buffers that fill fast are polled, slow ones slept for", "[drain_pace]") {
  DrainPace pace;
  std::int64_t now = kMillisecond;
  CHECK(polls_of(pace, now, 0.1) == 1000);
  CHECK_FALSE(pace.due(now + 10 * kMicrosecond));
  CHECK(pace.due(now + 20 * kMicrosecond));
  // One hundredth in 20 us: a quarter in 500.
  CHECK(polls_of(pace, now, 0.01) < 100);
  CHECK(pace.pause() == 500 * kMicrosecond);
  CHECK_FALSE(pace.calm());
  CHECK(pace.due(now + kMicrosecond));
  pace.looked(now += 500 * kMicrosecond, {Found::something, 0.125});
  CHECK(pace.pause() == kMillisecond);
  CHECK(pace.calm());
}

TEST_CASE("a buffer that is nearly full leaves no time, however long the sleep before", "[drain_pace]") {
  DrainPace pace;
  std::int64_t now = kMillisecond;
  polls_of(pace, now, 0.001);
  CHECK(pace.pause() == kMillisecond);
  pace.looked(now += 100 * kMillisecond, {Found::something, 1.0});
  CHECK(pace.pause() == 0);
  // Whoever waited for room has not begun again: that is no reason for a sleep.
  pace.looked(now += 20 * kMicrosecond, {Found::something, 0.0005});
  pace.looked(now += 20 * kMicrosecond, {Found::nothing, 0});
  CHECK(pace.pause() == 0);
}

TEST_CASE("an idle process is left alone more and more", "[drain_pace]") {
  DrainPace pace;
  std::int64_t now = 0;
  int polls = 0;
  for (; pace.pause() == 0 && polls < 1000; ++polls) pace.looked(now += 20 * kMicrosecond, {Found::nothing, 0});
  CHECK(polls < 1000);
  std::int64_t before = 0;
  while (pace.pause() != before) {
    CHECK(pace.pause() > before);
    before = *pace.pause();
    pace.looked(now += before, {Found::nothing, 0});
  }
  CHECK(before == 20 * kMillisecond);
  CHECK(pace.calm());
}

TEST_CASE("where nothing is ever found so, we sleep until something happens", "[drain_pace]") {
  DrainPace pace;
  pace.looked(1, {Found::never, 0});
  CHECK_FALSE(pace.pause().has_value());
  CHECK(pace.calm());
}

}  // namespace
}  // namespace vdsotrace
