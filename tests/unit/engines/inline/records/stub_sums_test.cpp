// What the stubs of a space have seen, as sums.
#include "engines/inline/records/stub_sums.hpp"
#include "support/emulated_stubs.hpp"
#include "support/stub_plans.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

constexpr std::uint64_t kSummedThread = 0x10000;

/// Stubs of one function, of which calls are counted, or recorded if there is a size.
struct Summed {
  explicit Summed(std::string_view name, std::optional<RecordSize> size = {}) : shared(size) {
    plan = plan_one(image, size ? StubDepth::values : StubDepth::count, name);
    REQUIRE(plan.functions.size() == 1);
    installed.plan = &plan;
    installed.image = &image;
  }
  /// A call that is counted where it is entered.
  void enter(std::uint64_t argument) {
    const bool clocked = plan.functions[0].service->first_is_clock;
    const Observed call(count_stub(shared.address(), clocked ? StubShape::clocked : StubShape::plain), kReturnZero);
    EmulatedThread thread(kSummedThread);
    thread(shared, call, {argument, 0, 0});
  }

  const VdsoImage image = image_named(kImages[1]);
  Shared shared;
  StubPlan plan;
  InstalledStubs installed;
  StubSums sums{installed};
};

StubRecord record_of_clock(std::uint64_t clock, std::int64_t result = 0) {
  StubRecord record;
  record.arg0 = clock;
  record.result = result;
  return record;
}

std::uint64_t all_of(const std::vector<CallTally>& tallies) {
  std::uint64_t count = 0;
  for (const CallTally& tally : tallies) count += tally.count;
  return count;
}

TEST_CASE("where calls are only counted the counters are the sums", "[stub_sums]") {
  Summed with("clock_gettime");
  for (int i = 0; i < 3; ++i) with.enter(1);
  with.enter(4);
  std::uint64_t monotonic = 0;
  const auto totals = with.sums.totals(StubDepth::count, *with.shared.region);
  for (const CallTally& tally : totals) monotonic += tally.clock == 1u ? tally.count : 0;
  CHECK(monotonic == 3);
  CHECK(all_of(totals) == 4);
}

TEST_CASE("calls that were entered and never left are what no record is of", "[stub_sums]") {
  Summed with("clock_gettime", RecordSize::values);
  for (int i = 0; i < 3; ++i) with.enter(1);
  with.sums.add(record_of_clock(1), Route::vdso);
  auto totals = with.sums.totals(StubDepth::values, *with.shared.region);
  REQUIRE(totals.size() == 1);
  CHECK((totals[0].clock == 1u && totals[0].count == 2 && totals[0].route == Route::vdso));
  SECTION("nor were reported by themselves") {
    Call call;
    call.symbol = with.plan.functions[0].service->symbol;
    call.args[0] = 1;
    call.route = Route::vdso;
    with.sums.add_unreturned(call);
    totals = with.sums.totals(StubDepth::values, *with.shared.region);
    REQUIRE(totals.size() == 1);
    CHECK(totals[0].count == 1);
    call.symbol = "nothing";
    with.sums.add_unreturned(call);
    CHECK(all_of(with.sums.totals(StubDepth::values, *with.shared.region)) == 1);
  }
  SECTION("where no record was lost") {
    with.sums.add_lost(1);
    CHECK(with.sums.totals(StubDepth::values, *with.shared.region).empty());
  }
}

TEST_CASE("where records are summed up, sums are of them and what is only entered", "[stub_sums]") {
  Summed with("clock_gettime", RecordSize::values);
  with.enter(1);
  with.sums.add(record_of_clock(1), Route::vdso);
  with.sums.add(record_of_clock(40, -22), Route::fallback);
  const auto news = with.sums.take_new();
  CHECK(all_of(news) == 2);
  CHECK(with.sums.take_new().empty());
  with.enter(1);
  CHECK(all_of(with.sums.totals(StubDepth::callers, *with.shared.region)) == 1);
}

}  // namespace
}  // namespace vdsotrace
