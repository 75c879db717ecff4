#include "engines/perf/lost_records.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

/// What events know of their losses, and how often they are asked.
struct ScriptedEvents {
  std::optional<std::uint64_t> lost = 0;
  int asked = 0;

  LostRecords::Known known() {
    return [this] {
      ++asked;
      return lost;
    };
  }
};

const PerfRecord kGap = PerfGap{};
PerfRecord lost(std::uint64_t count) { return PerfLost{0, count}; }

}  // namespace

TEST_CASE("events are not asked for losses while no ring was full") {
  ScriptedEvents events;
  LostRecords losses(events.known());
  losses.begin();
  losses.note(PerfSample{});
  CHECK(losses.count() == 0);
  CHECK(events.asked == 0);
}

TEST_CASE("losses that no record shows are counted") {
  ScriptedEvents events;
  LostRecords losses(events.known());
  losses.note(kGap);
  events.lost = 7;
  CHECK(losses.count() == 7);
  CHECK(losses.counted() == 7);
}

TEST_CASE("each loss counts once") {
  ScriptedEvents events;
  LostRecords losses(events.known());
  events.lost = 5;
  losses.note(lost(5));
  CHECK(losses.count() == 5);
  CHECK(losses.count() == 0);
  events.lost = 8;
  losses.note(kGap);
  CHECK(losses.count() == 3);
  losses.note(kGap);
  CHECK(losses.count() == 0);
  CHECK(losses.counted() == 8);
}

TEST_CASE("what was lost before the beginning does not count") {
  ScriptedEvents events;
  LostRecords losses(events.known());
  events.lost = 4;
  losses.note(lost(4));
  losses.begin();
  CHECK(losses.count() == 0);
  events.lost = 6;
  losses.note(kGap);
  CHECK(losses.count() == 2);
}

TEST_CASE("where the kernel does not count losses those that are recorded count") {
  ScriptedEvents events;
  events.lost = std::nullopt;
  LostRecords losses(events.known());
  losses.note(lost(3));
  losses.begin();
  losses.note(lost(2));
  losses.note(kGap);
  losses.note(lost(9));
  CHECK(losses.count() == 11);
}
