#include <algorithm>

#include "support/catch.hpp"
#include "trace/drain_pace.hpp"

namespace vdsotrace {
namespace {

using Found = Drained::Found;
constexpr std::int64_t kMicrosecond = 1'000;
constexpr std::int64_t kMillisecond = 1'000'000;

/// Looks as often as it wants for so long, with a writer that fills the buffers at that rate; how many looks that were,
/// and the fullest that they found.
struct Watched {
  int looks = 0;
  double fullest = 0;
};
Watched watch(DrainPace& pace, std::int64_t& now, std::int64_t length, double filled_per_us) {
  Watched watched;
  for (const std::int64_t end = now + length; now < end; ++watched.looks) {
    std::int64_t pause = pace.pause().value();
    if (pause == 0) {
      while (!pace.due(now + pause)) pause += kMicrosecond;
    }
    now += pause;
    const double fill = std::min(1.0, filled_per_us * static_cast<double>(pause) / kMicrosecond);
    watched.fullest = std::max(watched.fullest, fill);
    pace.looked(now, {fill > 0 ? Found::something : Found::nothing, fill});
  }
  return watched;
}

TEST_CASE("buffers that fill fast are polled, slow ones slept for", "[drain_pace]") {
  DrainPace pace;
  std::int64_t now = kMillisecond;
  watch(pace, now, 50 * kMillisecond, 1 / 400.0);
  const Watched fast = watch(pace, now, 10 * kMillisecond, 1 / 400.0);
  CHECK(fast.looks == 100);
  CHECK(fast.fullest < 0.26);
  CHECK_FALSE(pace.due(now + 90 * kMicrosecond));
  CHECK(pace.due(now + 100 * kMicrosecond));
  CHECK_FALSE(pace.calm());
  CHECK(watch(pace, now, 10 * kMillisecond, 1 / 50.0).looks >= 490);
  watch(pace, now, 100 * kMillisecond, 1 / 8000.0);
  const Watched slow = watch(pace, now, 100 * kMillisecond, 1 / 8000.0);
  CHECK(slow.looks <= 51);
  CHECK(slow.fullest > 0.24);
  CHECK(slow.fullest < 0.26);
  CHECK(pace.calm());
  CHECK(pace.due(now + kMicrosecond));
}

TEST_CASE("a buffer that was full leaves no time, whatever is found next", "[drain_pace]") {
  DrainPace pace;
  std::int64_t now = kMillisecond;
  watch(pace, now, 200 * kMillisecond, 0);
  pace.looked(now += 20 * kMillisecond, {Found::something, 1.0});
  CHECK(pace.pause() == 0);
  // Whoever waited for room has not begun again: that is no reason for a sleep.
  pace.looked(now += 20 * kMicrosecond, {Found::something, 0.0005});
  CHECK(pace.pause() == 0);
  CHECK(watch(pace, now, 10 * kMillisecond, 0).looks > 200);
}

TEST_CASE("who has written fast for a while is not taken for slow by a lull", "[drain_pace]") {
  DrainPace pace;
  std::int64_t now = kMillisecond;
  watch(pace, now, 50 * kMillisecond, 1 / 1000.0);
  watch(pace, now, 2 * kMillisecond, 0);
  CHECK(watch(pace, now, 2 * kMillisecond, 1 / 1000.0).fullest < 0.5);
}

TEST_CASE("an idle process is left alone more and more", "[drain_pace]") {
  DrainPace pace;
  std::int64_t now = kMillisecond;
  watch(pace, now, 50 * kMillisecond, 1 / 400.0);
  CHECK(watch(pace, now, 100 * kMillisecond, 0).looks < 500);
  CHECK(watch(pace, now, 1000 * kMillisecond, 0).looks <= 51);
  CHECK(pace.pause() == 20 * kMillisecond);
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
