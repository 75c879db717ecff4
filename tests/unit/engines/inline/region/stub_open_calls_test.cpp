// Calls that have not returned: interrupted by handlers, jumped out of, of threads without a block, of more threads
// than places.
#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "support/emulated_stubs.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

// mov 1, eax: results are no zeros here, so that what arguments point to is not looked at.
const Bytes kReturnOne = from_hex("b8 01 00 00 00");

/// A body that calls `function`, as if a signal had interrupted it: sub 8, rsp; mov FUNCTION, rax; call rax; add 8,
/// rsp; mov 1, eax
Bytes interrupted_by(void (*function)()) {
  Bytes code = from_hex("48 83 ec 08 48 b8 00 00 00 00 00 00 00 00 ff d0 48 83 c4 08 b8 01 00 00 00");
  std::memcpy(&code[6], &function, sizeof function);
  return code;
}

thread_local std::function<void()> handler;
thread_local std::uint64_t interrupted_at = 0;  // stack pointer
void run_handler() {
  interrupted_at = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  handler();
}

/// Uses up more of the stack than a vDSO function has.
template <class Function>
[[gnu::noinline]] void far_below(const Function& function) {
  volatile char room[2 * DEEPEST];
  room[0] = 0;
  function();
  room[1] = room[0];
}

Stub open_of(Shared& shared, std::uint64_t function) {
  return open_timed_stub(shared.address(), StubShape::three, function);
}
Stub close_of(Shared& shared, std::uint64_t function) {
  return close_stub(StubKind::close_timespec, shared.address(), function);
}
Fallback noted(Shared& shared) { return {StubKind::called, note_fallback_stub(shared.address())}; }

TEST_CASE("a call that a handler interrupts keeps its record, and so do the handler's", "[stub_open_calls]") {
  if (!can_run()) return;
  const bool bound = GENERATE(false, true);
  const bool interrupted_falls_back = GENERATE(false, true);
  CAPTURE(bound, interrupted_falls_back);
  Shared shared;
  const std::uint64_t pointer = own_thread_pointer();
  if (bound) shared.region->blocks().bind(pointer, ::gettid());
  const Observed falls(open_of(shared, 2), number_of_call(SYS_gettid), close_of(shared, 2), noted(shared));
  const Observed answers(open_of(shared, 3), kReturnOne, close_of(shared, 3));
  const Observed calls_itself({}, number_of_call(SYS_gettid), {}, noted(shared));  // whose entry nobody has seen
  Bytes body = interrupted_by(run_handler);
  if (interrupted_falls_back) std::ranges::copy(number_of_call(SYS_gettid), std::back_inserter(body));
  const Observed interrupted(open_of(shared, 1), body, close_of(shared, 1),
                             interrupted_falls_back ? std::optional(noted(shared)) : std::nullopt);
  const auto here = [] { return reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)); };
  handler = [&] {
    const auto open = shared.region->open_call(pointer, interrupted_at);
    CHECK(open);
    if (!open) return;  // nothing may be thrown through code without unwind information
    CHECK((open->function == 1 && open->arg0 == 11 && open->arg1 == 12 && open->arg2 == 13 && open->start != 0));
    CHECK(open->key == pointer + 1);
    CHECK_FALSE(open->fallback);
    shared.region->set_aside(pointer);
    far_below([&] {
      CHECK_FALSE(shared.region->open_call(pointer, here()));
      falls(21, 22, 23);
      answers(31, 32, 33);
      calls_itself();
    });
  };
  interrupted(11, 12, 13);
  const auto records = drained(shared);
  REQUIRE(records.size() == 3);
  CHECK((records[0].function == 2 && records[0].arg0 == 21 && records[0].fallback));
  CHECK((records[1].function == 3 && records[1].arg1 == 32 && !records[1].fallback));
  CHECK((records[2].function == 1 && records[2].arg0 == 11 && records[2].fallback == interrupted_falls_back));
  CHECK(records[2].start < records[0].start);
  CHECK(records[2].end > records[1].end);
  CHECK_FALSE(shared.region->open_call(pointer, interrupted_at));
}

TEST_CASE("handlers can interrupt each other as often as there are places", "[stub_open_calls]") {
  if (!can_run()) return;
  Shared shared;
  const std::uint64_t pointer = own_thread_pointer();
  const bool bound = GENERATE(false, true);
  if (bound) shared.region->blocks().bind(pointer, ::gettid());
  constexpr long kDeep = OPEN_COUNT;
  const Observed call(open_of(shared, 1), interrupted_by(run_handler), close_of(shared, 1));
  long depth = 0;
  handler = [&] {
    shared.region->set_aside(pointer);
    if (++depth < kDeep) far_below([&] { call(depth); });
  };
  call(0);
  const auto records = drained(shared);
  CHECK(records.size() == kDeep - (bound ? 1 : 0));  // the innermost was set aside as well, in place of the oldest
  for (std::size_t i = 0; i < records.size(); ++i) CHECK(records[i].arg0 == static_cast<std::uint64_t>(kDeep) - 1 - i);
  CHECK(shared.at<std::uint64_t>(REGION_LOST) == 0);
}

TEST_CASE("a system call is the innermost open call's, however near the others are", "[stub_open_calls]") {
  Shared shared;
  EmulatedThread thread(0x10000);
  StubRegion& region = *shared.region;
  region.blocks().bind(thread.pointer(), ::gettid());
  // Without times, as StubDepth::callers has them.
  const auto enters = [&](std::uint64_t function) {
    return Observed(open_stub(shared.address(), StubShape::plain, function), kReturnOne);
  };
  const auto leaves = [&](std::uint64_t function) {
    return Observed({}, kReturnOne, close_stub(StubKind::close, shared.address(), function));
  };
  const Observed falls_back({}, number_of_call(SYS_gettid), {}, noted(shared));
  constexpr std::size_t kFrame = 304;  // less than a signal frame: as on a stack of its own that lies near
  thread(shared, enters(1), {1, 0, 0});
  region.set_aside(thread.pointer());
  thread(shared, enters(2), {2, 0, 0}, kFrame);
  region.set_aside(thread.pointer());
  thread(shared, enters(3), {3, 0, 0}, 2 * kFrame);
  region.set_aside(thread.pointer());
  thread(shared, falls_back, {0, 0, 0}, 2 * kFrame + 128);
  CHECK(region.open_call(thread.pointer(), thread.stack(2 * kFrame + 128))->function == 3);
  thread(shared, leaves(3), {3, 0, 0}, 2 * kFrame);
  CHECK(region.open_call(thread.pointer(), thread.stack(kFrame + 128))->function == 2);
  thread(shared, leaves(2), {2, 0, 0}, kFrame);
  thread(shared, falls_back, {0, 0, 0}, 128);
  thread(shared, leaves(1), {1, 0, 0});
  const auto records = drained(shared);
  REQUIRE(records.size() == 3);
  for (std::size_t i = 0; i < records.size(); ++i) {
    CHECK(records[i].function == 3 - i);
    CHECK(records[i].arg0 == 3 - i);
    CHECK(records[i].fallback == (records[i].function != 2));
  }
}

TEST_CASE("of more interrupted calls than places, the outermost is given up", "[stub_open_calls]") {
  Shared shared;
  EmulatedThread thread(0x10000);
  shared.region->blocks().bind(thread.pointer(), ::gettid());
  const Observed entered(open_stub(shared.address(), StubShape::plain, 1), kReturnOne);
  const Observed left({}, kReturnOne, close_stub(StubKind::close, shared.address(), 1));
  constexpr std::uint64_t kCalls = OPEN_COUNT + 1;
  for (std::uint64_t i = 0; i < kCalls; ++i) {
    if (i != 0) shared.region->set_aside(thread.pointer());
    thread(shared, entered, {i, 0, 0}, i * 4096);
  }
  for (std::uint64_t i = kCalls; i-- > 0;) thread(shared, left, {0, 0, 0}, i * 4096);
  const auto records = drained(shared);
  REQUIRE(records.size() == OPEN_COUNT);
  for (std::size_t i = 0; i < records.size(); ++i) CHECK(records[i].arg0 == kCalls - 1 - i);
}

TEST_CASE("a call that was jumped out of gives its place to the next", "[stub_open_calls]") {
  Shared shared;
  EmulatedThread thread(0x10000);
  const bool bound = GENERATE(false, true);
  if (bound) shared.region->blocks().bind(thread.pointer(), ::gettid());
  // Has no close, as if it had been left by longjmp.
  const Observed left(open_of(shared, 1), kReturnOne);
  const Observed call(open_of(shared, 2), kReturnOne, close_of(shared, 2));
  for (std::uint64_t i = 0; i < 3 * SHARED_OPEN_COUNT; ++i) {
    thread(shared, left, {i, 0, 0});
    if (bound && i % 2 != 0) shared.region->set_aside(thread.pointer());
  }
  REQUIRE(shared.region->open_call(thread.pointer(), thread.stack()));
  thread(shared, call, {5, 0, 0});
  const std::size_t first = bound ? shared.block_of(thread.pointer()) + BLOCK_OPEN : REGION_SHARED + SHARED_OPEN;
  std::size_t open = 0;
  for (std::size_t i = 0; i < (bound ? OPEN_COUNT : SHARED_OPEN_COUNT); ++i)
    open += shared.at<std::uint64_t>(first + (i << OPEN_LOG2) + OPEN_STACK) != 0;
  CHECK(open == (bound ? 1 : 0));  // what was set aside
  const auto records = drained(shared);
  REQUIRE(records.size() == 1);
  CHECK((records[0].function == 2 && records[0].arg0 == 5));
}

TEST_CASE("an open call is the thread's only near its stack pointer, and only what is possible", "[stub_open_calls]") {
  Shared shared;
  EmulatedThread thread(0x10000);
  const bool bound = GENERATE(false, true);
  if (bound) shared.region->blocks().bind(thread.pointer(), ::gettid());
  thread(shared, Observed(open_of(shared, 1), kReturnOne), {1, 2, 3});
  StubRegion& region = *shared.region;
  const std::uint64_t at = thread.stack();
  CHECK(region.open_call(thread.pointer(), at)->stack == at);
  CHECK(region.open_call(thread.pointer(), at - DEEPEST)->arg2 == 3);
  CHECK_FALSE(region.open_call(thread.pointer(), at - DEEPEST - 8));
  CHECK_FALSE(region.open_call(thread.pointer(), at + 8));
  // What the process writes there is not believed.
  const std::size_t block = shared.block_of(thread.pointer());
  const std::size_t first = block == REGION_SHARED ? REGION_SHARED + SHARED_OPEN : block + BLOCK_OPEN;
  for (std::size_t i = 0; i < (bound ? OPEN_COUNT : SHARED_OPEN_COUNT); ++i)
    shared.at<std::uint64_t>(first + (i << OPEN_LOG2) + OPEN_COMMIT) = FUNCTIONS_MAX;
  CHECK_FALSE(region.open_call(thread.pointer(), at));
}

TEST_CASE("of more calls at a time than places, those without one are lost and counted", "[stub_open_calls]") {
  Shared shared;
  std::vector<EmulatedThread> threads;
  for (std::uint64_t i = 0; i < SHARED_OPEN_COUNT + 3; ++i) threads.emplace_back(0x10000 * (i + 1));
  const Observed entered(open_of(shared, 1), kReturnOne);
  const Observed left({}, kReturnOne, close_of(shared, 1));
  for (std::size_t i = 0; i < threads.size(); ++i) threads[i](shared, entered, {i, 0, 0});
  for (auto& thread : threads) thread(shared, left, {0, 0, 0});
  std::vector<std::uint64_t> arguments;
  const auto take = [&](const StubRecord& record, const StackWindow&) { arguments.push_back(record.arg0); };
  CHECK(shared.region->rings().drain(false, take) == 3);
  REQUIRE(arguments.size() == SHARED_OPEN_COUNT);
  for (std::size_t i = 0; i < arguments.size(); ++i) CHECK(arguments[i] == i);
  // They were counted, and there are places again.
  CHECK(shared.region->counts(1, false)[0].entries == threads.size());
  threads[0](shared, entered, {77, 0, 0});
  threads[0](shared, left, {0, 0, 0});
  CHECK(shared.region->rings().drain(false, take) == 0);
  CHECK(arguments.back() == 77);
}

TEST_CASE("threads without a block do not mix up their calls, interrupted or not", "[stub_open_calls]") {
  if (!can_run()) return;
  Shared shared;
  constexpr std::uint64_t kCalls = 5'000;
  const Observed inner(open_of(shared, 2), number_of_call(SYS_gettid), close_of(shared, 2), noted(shared));
  const Observed outer(open_of(shared, 1), interrupted_by(run_handler), close_of(shared, 1));
  std::atomic<int> running{2};
  std::latch ready(2);
  const auto make_calls = [&](long number) {
    handler = [&] { far_below([&] { inner(number, 5); }); };
    ready.arrive_and_wait();
    for (std::uint64_t i = 0; i < kCalls; ++i) outer(number, static_cast<long>(i));
    --running;
  };
  std::thread one(make_calls, 1), other(make_calls, 2);
  std::map<std::uint64_t, std::uint64_t> keys;  // by number
  std::uint64_t seen[3][3] = {}, wrong = 0, lost = 0;
  const auto take = [&](const StubRecord& record, const StackWindow&) {
    if (record.arg0 < 1 || record.arg0 > 2 || record.function < 1 || record.function > 2) return void(++wrong);
    const std::uint64_t nth = seen[record.arg0][record.function]++;
    wrong += record.fallback != (record.function == 2);
    wrong += record.arg1 != (record.function == 2 ? 5 : nth);
    wrong += keys.emplace(record.arg0, record.key).first->second != record.key;
  };
  while (running != 0) lost += shared.region->rings().drain(false, take);
  one.join();
  other.join();
  lost += shared.region->rings().drain(true, take);
  CHECK(lost == 0);
  CHECK(wrong == 0);
  CHECK(keys[1] != keys[2]);
  for (const int number : {1, 2}) CHECK((seen[number][1] == kCalls && seen[number][2] == kCalls));
}

TEST_CASE("nothing is lost of many threads, each with its ring", "[stub_open_calls]") {
  if (!can_run()) return;
  Shared shared;
  constexpr std::size_t kThreads = 300;
  constexpr std::uint64_t kCalls = 2'000;
  const Observed call(open_timed_stub(shared.address(), StubShape::clocked), kFillTimespec,
                      close_stub(StubKind::close_timespec, shared.address()));
  std::mutex region;  // only one thread at a time is vdsotrace
  std::atomic<std::size_t> running{kThreads};
  std::latch ready(kThreads);
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < kThreads; ++i) {
    callers.emplace_back([&, i] {
      {
        const std::lock_guard lock(region);
        if (shared.region->blocks().is_full()) shared.region->blocks().grow(shared.region->blocks().bytes_wanted());
        shared.region->blocks().bind(own_thread_pointer(), ::gettid());
      }
      ready.arrive_and_wait();
      timespec out;
      for (std::uint64_t n = 0; n < kCalls; ++n) call(static_cast<long>(i), reinterpret_cast<long>(&out));
      const std::lock_guard lock(region);
      shared.region->blocks().unbind(own_thread_pointer());
      --running;
    });
  }
  ready.wait();
  CHECK(shared.region->rings().count() == kThreads);
  std::vector<std::uint64_t> seen(kThreads);
  std::uint64_t lost = 0;
  const auto take = [&](const StubRecord& record, const StackWindow&) { ++seen.at(record.arg0); };
  while (running != 0) {
    const std::lock_guard lock(region);
    lost += shared.region->rings().drain(false, take);
  }
  for (auto& caller : callers) caller.join();
  lost += shared.region->rings().drain(true, take);
  CHECK(lost == 0);
  CHECK(std::ranges::all_of(seen, [](std::uint64_t count) { return count == kCalls; }));
  CHECK(shared.region->rings().count() == 0);
  CHECK(shared.at<std::uint64_t>(REGION_SHARED + BLOCK_HEAD) == 0);
}

}  // namespace
}  // namespace vdsotrace
