// What becomes of records: sums, and calls of threads that are followed.
#include "engines/inline/records/record_collector.hpp"

#include "support/emulated_stubs.hpp"
#include "support/scripted_session.hpp"
#include "support/scripted_stop.hpp"
#include "support/stub_plans.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

constexpr std::uint64_t kCollected = 0x10000;

/// A space in which one function has a stub that records.
struct Collected {
  Collected() {
    REQUIRE(plan.functions.size() == 1);
    installed.plan = &plan;
    installed.image = &image;
    rings.set_region(&*shared.region);
    collector.set_region(*shared.region, kTid);
  }
  void bind(Thread::Role role = Thread::Role::traced) {
    thread.role = role;
    REQUIRE(rings.add(thread, kCollected, 0x7000));
    shared.region->blocks().bind(kCollected, kTid);
  }
  void call(std::uint64_t clock) {
    EmulatedThread caller(kCollected);
    caller(
        shared,
        {open_stub(shared.address(), StubShape::clocked), kReturnZero, close_stub(StubKind::close, shared.address())},
        {clock, 0, 0});
  }
  std::uint64_t summed() {
    std::uint64_t count = 0;
    for (const CallTally& tally : collector.sums().take_new()) count += tally.count;
    return count;
  }

  const VdsoImage image = image_named(kImages[1]);
  const StubPlan plan = plan_one(image, StubDepth::values, "clock_gettime");
  InstalledStubs installed;
  Shared shared;
  RecordingSink events;
  Thread thread = live_thread();
  ThreadRings rings{kTid};
  RecordCollector collector{installed, rings, nullptr, Reporter(events)};
  std::vector<RecordedCall> calls;
};

TEST_CASE("records of a followed thread become its calls, once", "[record_collector]") {
  Collected with;
  with.bind();
  with.call(1);
  with.call(4);
  CHECK(with.collector.collect(false, &with.calls) == 0);
  REQUIRE(with.calls.size() == 2);
  CHECK(with.calls[0].record.arg0 == 1);
  CHECK(with.calls[1].record.arg0 == 4);
  for (const RecordedCall& call : with.calls) {
    CHECK((call.tid == kTid && call.tgid == kTid));
    CHECK(call.function == &with.plan.functions[0]);
    CHECK(call.route == Route::vdso);
  }
  CHECK(with.collector.collect(false, &with.calls) == 0);
  CHECK(with.calls.size() == 2);
}

TEST_CASE("records of a thread that is not followed are no calls", "[record_collector]") {
  Collected with;
  with.bind(Thread::Role::guarded);
  with.call(1);
  CHECK(with.collector.collect(false, &with.calls) == 0);
  CHECK(with.calls.empty());
}

TEST_CASE("where no calls are asked for records are summed up all the same", "[record_collector]") {
  Collected with;
  with.bind();
  with.call(1);
  with.call(1);
  CHECK(with.collector.collect(true, nullptr) == 0);
  CHECK(with.summed() == 2);
  CHECK(with.summed() == 0);
}

TEST_CASE("one thread's records are collected without those of others", "[record_collector]") {
  Collected with;
  with.bind();
  Thread other = live_thread();
  other.tid = kTid + 1;
  constexpr std::uint64_t kOthers = 0x20000;
  REQUIRE(with.rings.add(other, kOthers, 0x9000));
  with.shared.make_room(2);
  with.shared.region->blocks().bind(kOthers, other.tid);
  with.call(1);
  CHECK(with.collector.collect_of(other.tid, &with.calls) == 0);
  CHECK(with.calls.empty());
  CHECK(with.collector.collect_of(kTid, &with.calls) == 0);
  CHECK(with.calls.size() == 1);
  CHECK(with.collector.collect_of(kTid + 2, &with.calls) == 0);  // it has no pointer
}

TEST_CASE("records that cannot be are lost, and said to be", "[record_collector]") {
  Collected with;
  with.bind();
  with.call(1);
  const StubPlan none;
  with.installed.plan = &none;
  with.collector.collect(false, &with.calls);
  CHECK(with.calls.empty());
}

}  // namespace
}  // namespace vdsotrace
