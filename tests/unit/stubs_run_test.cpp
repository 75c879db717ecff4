// Runs the stubs themselves, in this process: counters and rings as the traced program would write them.
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <thread>
#include <vector>

#include "own_stubs.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

TEST_CASE("a counting stub counts per clock, whoever calls", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  const Observed call(StubKind::count, StubShape::clocked, {2 << ROW_LOG2, shared.address()}, kReturnZero);
  for (int i = 0; i < 5; ++i) CHECK(call(1) == 0);  // not in the table yet: the shared block
  shared.region->bind(own_thread_pointer());
  for (int i = 0; i < 7; ++i) call(1);
  for (int i = 0; i < 3; ++i) call(4);
  call(77);
  call(-3);
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([&] {
      for (int n = 0; n < 20'000; ++n) call(0);
    });
  }
  for (auto& other : others) other.join();
  const auto counts = shared.region->counts(2, true);
  REQUIRE(counts.size() == 4);
  CHECK((counts[0].clock == 0u && counts[0].entries == 80'000));
  CHECK((counts[1].clock == 1u && counts[1].entries == 12));
  CHECK((counts[2].clock == 4u && counts[2].entries == 3));
  CHECK((!counts[3].clock && counts[3].entries == 2));
  CHECK(shared.region->counts(1, true).empty());
}

TEST_CASE("a record has arguments, value, times and who called", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  shared.region->bind(own_thread_pointer());
  const Observed call(StubKind::timespec, StubShape::clocked, {0, shared.address(), 5, 0, 1}, kFillTimespec);
  timespec out{};
  CHECK(call(1, reinterpret_cast<long>(&out)) == 0);
  CHECK(out.tv_nsec == 7);
  const auto records = drained(shared);
  REQUIRE(records.size() == 1);
  const StubRecord& record = records[0];
  CHECK(record.function == 5);
  CHECK_FALSE(record.fallback);
  CHECK(record.arg0 == 1);
  CHECK(record.arg1 == reinterpret_cast<std::uint64_t>(&out));
  CHECK(record.result == 0);
  CHECK(record.end > record.start);
  CHECK(record.key == own_thread_pointer() + 1);
  timespec copied;
  std::memcpy(&copied, record.value.data(), sizeof copied);
  CHECK((copied.tv_sec == 1 && copied.tv_nsec == 7));
  CHECK(drained(shared).empty());
}

TEST_CASE("a failed call's pointer is not followed", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  // mov rax, -14; ret
  const Observed call(StubKind::timespec, StubShape::clocked, {0, shared.address(), 0, 0, 1},
                      from_hex("48 c7 c0 f2 ff ff ff c3"));
  CHECK(call(0, 1) == -14);
  const auto records = drained(shared);
  REQUIRE(records.size() == 1);
  CHECK(records[0].result == -14);
}

TEST_CASE("three arguments reach the function and the record", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  shared.region->bind(own_thread_pointer());
  char bytes[64] = "0123456789";
  const Observed call(StubKind::getrandom, StubShape::three, {0, shared.address(), 0, 0, 1},
                      from_hex("48 89 f0 c3"));  // mov rax, rsi; ret: so many bytes were written
  CHECK(call(reinterpret_cast<long>(bytes), 4, 9) == 4);
  CHECK(call(reinterpret_cast<long>(bytes), 64, 0) == 64);
  const auto records = drained(shared);
  REQUIRE(records.size() == 2);
  CHECK(records[0].arg2 == 9);
  CHECK(std::memcmp(records[0].value.data(), "0123", 4) == 0);
  CHECK(std::memcmp(records[1].value.data(), bytes, RECORD_VALUE_BYTES) == 0);
  const Observed sum(StubKind::caller, StubShape::three, {0, shared.address(), RECORD_SHORT_FLAG, 0}, kSum);
  CHECK(sum(1, 20, 300) == 321);
}

TEST_CASE("a short record has its times", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  const Observed call(StubKind::measured, StubShape::plain, {0, shared.address(), 3 | RECORD_SHORT_FLAG, 0, 1}, kReturnZero);
  call();
  const auto records = drained(shared);
  REQUIRE(records.size() == 1);
  CHECK(records[0].function == 3);
  CHECK(records[0].start != 0);
  CHECK(records[0].end >= records[0].start);
}

TEST_CASE("a stub that may not read the counter gives no times", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  const Observed plain(StubKind::measured, StubShape::plain, {0, shared.address(), RECORD_SHORT_FLAG, 0, 0}, kReturnZero);
  const Observed three(StubKind::getrandom, StubShape::three, {0, shared.address(), 0, 0, 0}, kSum);
  // It would get a SIGSEGV.
  REQUIRE(::prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
  const long zero = plain(1, 2), sum = three(0, 4, 5);
  REQUIRE(::prctl(PR_SET_TSC, PR_TSC_ENABLE) == 0);
  CHECK(zero == 0);
  CHECK(sum == 9);
  const auto records = drained(shared);
  REQUIRE(records.size() == 2);
  for (const StubRecord& record : records) CHECK((record.start == 0 && record.end == 0));
  CHECK((records[1].arg1 == 4 && records[1].arg2 == 5 && records[1].result == 9));
}

TEST_CASE("nothing is lost when rings are full", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  shared.region->bind(own_thread_pointer());
  constexpr std::uint64_t kCalls = 50'000;
  const Observed call(StubKind::timespec, StubShape::clocked, {0, shared.address(), 0, 0, 1}, kFillTimespec);
  std::atomic<int> running{3};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&, i] {
      timespec out;
      for (std::uint64_t n = 0; n < kCalls; ++n) call(i + 1, reinterpret_cast<long>(&out));
      --running;
    });
  }
  std::uint64_t seen[4] = {};
  std::uint64_t lost = 0;
  const auto take = [&](const StubRecord& record, const StackWindow&) {
    REQUIRE(record.arg0 < 4);
    ++seen[record.arg0];
  };
  while (running != 0) lost += shared.region->drain(false, take);
  for (auto& caller : callers) caller.join();
  lost += shared.region->drain(true, take);
  CHECK(lost == 0);
  for (const int i : {1, 2, 3}) CHECK(seen[i] == kCalls);
}

TEST_CASE("once recording has ended calls go through", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  const Observed call(StubKind::measured, StubShape::three, {0, shared.address(), RECORD_SHORT_FLAG, 0, 1}, kSum);
  shared.at<std::uint32_t>(REGION_ORPHANED) = 1;
  CHECK(call(1, 2, 3) == 6);
  CHECK(call(1, 2, 3) == 6);
  std::uint64_t lost = shared.region->drain(false, [](const StubRecord&, const StackWindow&) { FAIL("a record of nothing"); });
  CHECK(lost == 2);
  // We are back.
  call();
  CHECK(drained(shared).size() == 1);
}

TEST_CASE("a fallback's stub makes the call and tells", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  shared.region->bind(own_thread_pointer());
  const Bytes kReturn = from_hex("c3");
  const Observed record(StubKind::record_fallback, StubShape::plain,
                        {0x1234, shared.address(), 1 | RECORD_FALLBACK_FLAG}, kReturn);
  CHECK(fall_back(record, SYS_close, ~0u) == -EBADF);
  const auto records = drained(shared);
  REQUIRE(records.size() == 1);
  CHECK(records[0].fallback);
  CHECK(records[0].function == 1);
  CHECK(records[0].result == -EBADF);

  const Observed with_arguments(StubKind::record_fallback, StubShape::three,
                                {0x1234, shared.address(), 1 | RECORD_FALLBACK_FLAG}, kReturn);
  std::array<std::byte, 64> random{};
  const auto at = reinterpret_cast<std::uint64_t>(random.data());
  CHECK(fall_back(with_arguments, SYS_getrandom, at, 7, 1) == 7);
  CHECK(fall_back(with_arguments, SYS_getrandom, at, 64) == 64);
  CHECK(fall_back(with_arguments, SYS_getrandom, 8, 1) == -EFAULT);
  const auto told = drained(shared);
  REQUIRE(told.size() == 3);
  CHECK((told[0].arg0 == at && told[0].arg1 == 7 && told[0].arg2 == 1 && told[0].result == 7));
  CHECK((told[1].arg1 == 64 && told[1].arg2 == 0 && told[1].result == 64));
  CHECK(std::ranges::equal(told[1].value, std::span(random).first(RECORD_VALUE_BYTES)));
  CHECK((told[2].arg0 == 8 && told[2].result == -EFAULT));

  const std::uint64_t row = shared.address() + REGION_COUNTERS + (1 << KIND_LOG2);
  const Observed count(StubKind::count_fallback, StubShape::clocked, {row, 0x1234, shared.address(), 1ull << 32},
                       kReturn);
  CHECK(fall_back(count, SYS_close, ~0u) == -EBADF);   // as clock -1: one without a column
  CHECK(fall_back(count, SYS_close, ~0u) == -EBADF);
  CHECK(fall_back(count, SYS_alarm, 0) == 0);         // as clock 0
  const auto counts = shared.region->counts(0, true);
  REQUIRE(counts.size() == 2);
  CHECK((counts[0].clock == 0u && counts[0].fallbacks == 1 && counts[0].errors == 0));
  CHECK((counts[1].clock == ~0u && counts[1].fallbacks == 2 && counts[1].errors == 2));
}

TEST_CASE("records follow each other as closely as their size allows", "[stubs_run]") {
  if (!can_run()) return;
  for (const RecordSize size : {RecordSize::line, RecordSize::values, RecordSize::window}) {
    const std::uint64_t fit = RING_BYTES >> static_cast<unsigned>(size);
    CAPTURE(fit);
    Shared shared(size);
    shared.region->bind(own_thread_pointer());
    const Observed call(StubKind::measured, StubShape::clocked, {0, shared.address(), 1 | RECORD_SHORT_FLAG, 0, 1}, kReturnZero);
    const Observed fallback(StubKind::record_fallback, StubShape::plain, {0x1234, shared.address(), 1 | RECORD_FALLBACK_FLAG},
                            from_hex("c3"));
    long next = 0;
    for (int round = 0; round < 3; ++round) {
      for (std::uint64_t i = 0; i + 1 < fit; ++i) call(next++);
      fall_back(fallback, SYS_getppid, 0);
      CHECK(shared.region->fill() == 1);
      const auto records = drained(shared);
      REQUIRE(records.size() == fit);
      CHECK(records[0].arg0 == static_cast<std::uint64_t>(next) - fit + 1);
      CHECK(records[fit - 2].arg0 == static_cast<std::uint64_t>(next) - 1);
      CHECK(records[fit - 1].fallback);
      CHECK(shared.region->fill() == 0);
    }
  }
}

TEST_CASE("garbage in the shared memory is counted and skipped", "[stubs_run]") {
  Shared shared;
  const std::size_t ring = REGION_RINGS;
  // A head that runs away, commits out of turn, a function that does not exist.
  shared.at<std::uint64_t>(REGION_SHARED_ENTRY + ENTRY_HEAD) = ~std::uint64_t{0};
  shared.at<std::uint64_t>(ring) = (std::uint64_t{1} << 16) | 200;
  shared.at<std::uint64_t>(ring + (1 << RECORD_LOG2_VALUES)) = (std::uint64_t{77} << 16);
  shared.at<std::uint64_t>(ring + (2 << RECORD_LOG2_VALUES)) = (std::uint64_t{3} << 16) | 1;
  std::vector<StubRecord> records;
  const auto lost = shared.region->drain(true, [&](const StubRecord& record, const StackWindow&) { records.push_back(record); });
  CHECK(lost == (RING_BYTES >> RECORD_LOG2_VALUES) - 1);
  CHECK(records.size() == 1);
}

}  // namespace
}  // namespace vdsotrace
