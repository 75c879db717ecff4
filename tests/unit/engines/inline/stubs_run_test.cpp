// Runs the stubs themselves, in this process: counters and rings as the traced program would write them.
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "support/own_stubs.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

TEST_CASE("a counting stub counts per clock, whoever calls", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  const Observed call(count_stub(shared.address(), StubShape::clocked, 2), kReturnZero);
  for (int i = 0; i < 5; ++i) CHECK(call(1) == 0);  // not in the table yet: the shared block
  shared.region->blocks().bind(own_thread_pointer(), ::gettid());
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
  // Its own block has those that were counted while it was in the index.
  const std::size_t block = shared.block_of(own_thread_pointer());
  REQUIRE(block != REGION_SHARED);
  CHECK(shared.at<std::uint64_t>(block + BLOCK_ROWS + row_of(2) + 8) == 7);
  CHECK(shared.at<std::uint64_t>(REGION_SHARED + BLOCK_ROWS + row_of(2) + 8) == 5);
}

TEST_CASE("a record has arguments, value, times and who called", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  shared.region->blocks().bind(own_thread_pointer(), ::gettid());
  const Observed call(open_timed_stub(shared.address(), StubShape::clocked, 5), kFillTimespec,
                      close_stub(StubKind::close_timespec, shared.address(), 5));
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
  // mov rax, -14
  const Observed call(open_timed_stub(shared.address(), StubShape::clocked), from_hex("48 c7 c0 f2 ff ff ff"),
                      close_stub(StubKind::close_timespec, shared.address()));
  CHECK(call(0, 1) == -14);
  const auto records = drained(shared);
  REQUIRE(records.size() == 1);
  CHECK(records[0].result == -14);
}

TEST_CASE("three arguments reach the function and the record", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  shared.region->blocks().bind(own_thread_pointer(), ::gettid());
  char bytes[64] = "0123456789";
  // mov rax, rsi: so many bytes were written
  const Observed call(open_timed_stub(shared.address(), StubShape::three), from_hex("48 89 f0"),
                      close_stub(StubKind::close_getrandom, shared.address()));
  CHECK(call(reinterpret_cast<long>(bytes), 4, 9) == 4);
  CHECK(call(reinterpret_cast<long>(bytes), 64, 0) == 64);
  const auto records = drained(shared);
  REQUIRE(records.size() == 2);
  CHECK(records[0].arg2 == 9);
  CHECK(std::memcmp(records[0].value.data(), "0123", 4) == 0);
  CHECK(std::memcmp(records[1].value.data(), bytes, RECORD_VALUE_BYTES) == 0);
  const Observed sum(open_stub(shared.address(), StubShape::three), kSum,
                     close_stub(StubKind::close, shared.address()));
  CHECK(sum(1, 20, 300) == 321);
  CHECK(drained(shared).size() == 1);
}

TEST_CASE("a short record has its times", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  const Observed call(open_timed_stub(shared.address(), StubShape::plain, 3), kReturnZero,
                      close_stub(StubKind::close_timed, shared.address(), 3));
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
  const Observed plain(open_timed_stub(shared.address(), StubShape::plain, 0, false), kReturnZero,
                       close_stub(StubKind::close_timed, shared.address(), 0, false));
  const Observed three(open_timed_stub(shared.address(), StubShape::three, 0, false), kSum,
                       close_stub(StubKind::close_getrandom, shared.address(), 0, false));
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
  shared.region->blocks().bind(own_thread_pointer(), ::gettid());
  constexpr std::uint64_t kCalls = 50'000;
  const Observed call(open_timed_stub(shared.address(), StubShape::clocked), kFillTimespec,
                      close_stub(StubKind::close_timespec, shared.address()));
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
  while (running != 0) lost += shared.region->rings().drain(false, take);
  for (auto& caller : callers) caller.join();
  lost += shared.region->rings().drain(true, take);
  CHECK(lost == 0);
  for (const int i : {1, 2, 3}) CHECK(seen[i] == kCalls);
}

TEST_CASE("once recording has ended calls go through", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared;
  const Observed call(open_timed_stub(shared.address(), StubShape::three), kSum,
                      close_stub(StubKind::close_timed, shared.address()));
  shared.at<std::uint32_t>(REGION_ORPHANED) = 1;
  CHECK(call(1, 2, 3) == 6);
  CHECK(call(1, 2, 3) == 6);
  std::uint64_t lost =
      shared.region->rings().drain(false, [](const StubRecord&, const StackWindow&) { FAIL("a record of nothing"); });
  CHECK(lost == 2);
  // We are back.
  call();
  CHECK(drained(shared).size() == 1);
}

TEST_CASE("a fallback is noted in the record of its call", "[stubs_run]") {
  if (!can_run()) return;
  const StubKind trampoline = GENERATE(StubKind::called, StubKind::call);
  const bool bound = GENERATE(false, true);
  CAPTURE(static_cast<int>(trampoline), bound);
  Shared shared;
  if (bound) shared.region->blocks().bind(own_thread_pointer(), ::gettid());
  const Observed call(open_stub(shared.address(), StubShape::plain, 1), number_of_call(SYS_close),
                      close_stub(StubKind::close, shared.address(), 1),
                      Fallback{trampoline, note_fallback_stub(shared.address())});
  const Observed other(open_stub(shared.address(), StubShape::plain, 1), kReturnZero,
                       close_stub(StubKind::close, shared.address(), 1));
  CHECK(call(-1) == -EBADF);
  CHECK(other() == 0);
  const auto records = drained(shared);
  REQUIRE(records.size() == 2);
  CHECK(records[0].fallback);
  CHECK(records[0].function == 1);
  CHECK(records[0].result == -EBADF);
  CHECK_FALSE(records[1].fallback);
}

TEST_CASE("a call that asked the kernel for a key is recorded as its system call", "[stubs_run]") {
  if (!can_run()) return;
  const StubKind trampoline = GENERATE(StubKind::called, StubKind::call);
  Shared shared;
  shared.region->blocks().bind(own_thread_pointer(), ::gettid());
  // Behind the system call, the function says that it has filled 3 bytes: mov $3, %eax
  const Observed call(
      open_timed_stub(shared.address(), StubShape::three, 1), number_of_call(SYS_getrandom),
      close_stub(StubKind::close_getrandom, shared.address(), 1),
      Fallback{trampoline, note_fallback_stub(shared.address(), StubShape::three), from_hex("b8 03 00 00 00")});
  std::array<std::byte, 64> random{};
  const auto at = reinterpret_cast<std::uint64_t>(random.data());
  CHECK(call(static_cast<long>(at), 7, 1) == 3);
  CHECK(call(static_cast<long>(at), 64) == 3);
  CHECK(call(8, 1) == 3);
  const auto told = drained(shared);
  REQUIRE(told.size() == 3);
  CHECK((told[0].arg0 == at && told[0].arg1 == 7 && told[0].arg2 == 1 && told[0].result == 7));
  CHECK((told[1].arg1 == 64 && told[1].arg2 == 0 && told[1].result == 64));
  CHECK(std::ranges::equal(told[1].value, std::span(random).first(RECORD_VALUE_BYTES)));
  CHECK((told[2].arg0 == 8 && told[2].result == -EFAULT));
  for (const StubRecord& record : told) CHECK((record.fallback && record.function == 1));
}

TEST_CASE("fallbacks are counted per clock, those that failed, too", "[stubs_run]") {
  if (!can_run()) return;
  const StubKind trampoline = GENERATE(StubKind::called, StubKind::call);
  Shared shared;
  shared.region->blocks().bind(own_thread_pointer(), ::gettid());
  const auto counting = [&]() -> Fallback {
    return {trampoline, count_fallback_stub(shared.address(), StubShape::clocked)};
  };
  const Observed close({}, number_of_call(SYS_close), {}, counting());
  const Observed alarm({}, number_of_call(SYS_alarm), {}, counting());
  CHECK(close(~0u) == -EBADF);  // as clock -1: one without a column
  CHECK(close(~0u) == -EBADF);
  CHECK(alarm(0) == 0);  // as clock 0
  const auto counts = shared.region->counts(0, true);
  REQUIRE(counts.size() == 2);
  CHECK((counts[0].clock == 0u && counts[0].fallbacks == 1 && counts[0].errors == 0));
  CHECK((counts[1].clock == ~0u && counts[1].fallbacks == 2 && counts[1].errors == 2));
}

TEST_CASE("a fallback's stub leaves the function's variables alone", "[stubs_run]") {
  if (!can_run()) return;
  const StubKind trampoline = GENERATE(StubKind::called, StubKind::call);
  const bool records = GENERATE(false, true);
  Shared shared;
  const Stub note = records ? note_fallback_stub(shared.address(), StubShape::three)
                            : count_fallback_stub(shared.address(), StubShape::clocked);
  // mov rdi, -8(rsp); mov rsi, -128(rsp); mov eax, NUMBER; mov r8, rdi
  Bytes body = from_hex("48 89 7c 24 f8 48 89 74 24 80 49 89 f8");
  for (const std::byte byte : number_of_call(SYS_close)) body.push_back(byte);
  // sub rdi, -8(rsp); sub rsi, -128(rsp); lea rax, [rdi+rsi]; sub rdx, r8; add rax, rdx
  const Bytes behind = from_hex("48 2b 7c 24 f8 48 2b 74 24 80 48 8d 04 37 4c 29 c2 48 01 d0");
  std::optional<Stub> open, close;
  if (records)
    open = open_stub(shared.address(), StubShape::three), close = close_stub(StubKind::close, shared.address());
  const Observed call(open, body, close, Fallback{trampoline, note, behind});
  CHECK(call(-1, 20, -1) == 0);
  CHECK(call(-1, 20, 299) == 300);
}

TEST_CASE("records follow each other as closely as their size allows", "[stubs_run]") {
  if (!can_run()) return;
  for (const RecordSize size : {RecordSize::line, RecordSize::values, RecordSize::window, RecordSize::values_window}) {
    Shared shared(size);
    shared.region->blocks().bind(own_thread_pointer(), ::gettid());
    const std::size_t block = shared.block_of(own_thread_pointer());
    const std::uint64_t fit = shared.room_of(block);
    CAPTURE(fit);
    CHECK(fit << static_cast<unsigned>(size) == 512 * 1024);
    CHECK(shared.room_of(REGION_SHARED) << static_cast<unsigned>(size) == 64 * 1024);
    const Observed call(open_timed_stub(shared.address(), StubShape::clocked, 1), kReturnZero,
                        close_stub(StubKind::close_timed, shared.address(), 1));
    const Observed fallback(open_timed_stub(shared.address(), StubShape::clocked, 1), number_of_call(SYS_getppid),
                            close_stub(StubKind::close_timed, shared.address(), 1),
                            Fallback{StubKind::called, note_fallback_stub(shared.address())});
    long next = 0;
    for (int round = 0; round < 3; ++round) {
      for (std::uint64_t i = 0; i + 1 < fit; ++i) call(next++);
      fallback();
      CHECK(shared.region->rings().fill() == 1);
      const auto records = drained(shared);
      REQUIRE(records.size() == fit);
      CHECK(records[0].arg0 == static_cast<std::uint64_t>(next) - fit + 1);
      CHECK(records[fit - 2].arg0 == static_cast<std::uint64_t>(next) - 1);
      CHECK_FALSE(records[fit - 2].fallback);
      CHECK(records[fit - 1].fallback);
      CHECK(shared.region->rings().fill() == 0);
    }
  }
}

TEST_CASE("a record keeps words of the stack, no further than it is sure to be there", "[stubs_run]") {
  if (!can_run()) return;
  Shared shared(RecordSize::window);
  const bool bound = GENERATE(false, true);
  const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  if (bound) shared.region->blocks().bind(own_thread_pointer(), ::gettid(), {here - 65536, here + 8});
  const Observed call(open_stub(shared.address(), StubShape::plain), kReturnZero,
                      close_stub(StubKind::close, shared.address(), 0, true, RECORD_WINDOW_WORDS * 8));
  call();
  std::size_t words = 0;
  const auto lost = shared.region->rings().drain(false, [&](const StubRecord& record, const StackWindow& window) {
    const std::uint64_t end = bound ? here + 8 : (record.stack | 4095) + 1;
    for (std::uint64_t at = record.stack + 8; window.word(at); at += 8, ++words) CHECK(at + 8 <= end);
    CHECK(words == std::min<std::uint64_t>(RECORD_WINDOW_WORDS, (end - record.stack - 1) / 8));
    // Where this function's caller goes on, if that is among them.
    const auto word = window.word(here + 8 - 8);
    if (word) CHECK(*word == *reinterpret_cast<const std::uint64_t*>(here));
  });
  CHECK(lost == 0);
  if (bound) CHECK(words != 0);
}

TEST_CASE("garbage in the shared memory is counted and skipped", "[stubs_run]") {
  Shared shared;
  const std::size_t ring = REGION_GROWS;
  // A head that runs away, commits out of turn, a function that does not exist.
  shared.at<std::uint64_t>(REGION_SHARED + BLOCK_HEAD) = ~std::uint64_t{0};
  shared.at<std::uint64_t>(ring) = (std::uint64_t{1} << 16) | 200;
  shared.at<std::uint64_t>(ring + (1 << RECORD_LOG2_VALUES)) = (std::uint64_t{77} << 16);
  shared.at<std::uint64_t>(ring + (2 << RECORD_LOG2_VALUES)) = (std::uint64_t{3} << 16) | 1;
  std::vector<StubRecord> records;
  const auto lost = shared.region->rings().drain(
      true, [&](const StubRecord& record, const StackWindow&) { records.push_back(record); });
  CHECK(lost == shared.room_of(REGION_SHARED) - 1);
  CHECK(records.size() == 1);
}

}  // namespace
}  // namespace vdsotrace
