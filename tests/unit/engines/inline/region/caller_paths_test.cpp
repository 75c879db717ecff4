// Calls that stubs count by their callers: each is counted or recorded, once, and those of one path have one caller.
#include "engines/inline/region/caller_paths.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "support/emulated_stubs.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

constexpr std::uint64_t kThreshold = CallerPaths::kFirstThreshold;
constexpr std::uint64_t kWordBytes = sizeof(std::uint64_t);

/// Finds callers by a rule of its own, as unwind information would: the word at kFirst leads to kCaller, unless it says
/// where in the stack the next one lies.
class Callers {
 public:
  static constexpr std::uint64_t kFirst = 2 * kWordBytes;
  static constexpr std::uint64_t kSecond = 5 * kWordBytes;
  static constexpr std::uint64_t kGoesOn = 0x4000;  ///< in the first word: the second one matters

  explicit Callers(Shared& shared) : shared_(shared), paths_(shared.region->make_paths(false)) {}

  /// Who called, by number of records and counts.
  struct Seen {
    std::uint64_t recorded = 0;
    std::uint64_t counted = 0;
  };
  using Key = std::tuple<std::uint64_t, std::uint32_t, Route>;  ///< caller, clock

  Seen of(std::uint64_t caller, std::uint32_t clock = 1, Route route = Route::vdso) {
    collect();
    return seen_[{caller, clock, route}];
  }
  std::uint64_t all() {
    collect();
    std::uint64_t sum = 0;
    for (const auto& [key, seen] : seen_) sum += seen.recorded + seen.counted;
    return sum;
  }
  CallerPaths& paths() { return *paths_; }

 private:
  void collect() {
    CHECK(shared_.region->rings().drain(false, [&](StubRecord& record, const StackWindow& window) {
      WordsLookedAt words(window);
      record.caller = find(words, window);
      const Route route = record.fallback ? Route::fallback : Route::vdso;
      ++seen_[{record.caller, static_cast<std::uint32_t>(record.arg0), route}].recorded;
      if (error_of(record.result) == 0) paths_->note(record, true, words);
    }) == 0);
    for (const CallTally& calls : paths_->take_new())
      seen_[{calls.caller, calls.clock.value_or(~0u), calls.route}].counted += calls.count;
  }
  static std::uint64_t find(WordsLookedAt& words, const StackWindow& window) {
    const auto first = words.word(window.from() + kFirst);
    if (!first) return 0;
    if (*first >= window.from() && *first < window.from() + 4096) return words.word(*first + kWordBytes).value_or(0);
    return (*first & kGoesOn) == 0 ? *first : words.word(window.from() + kSecond).value_or(0);
  }

  Shared& shared_;
  std::shared_ptr<CallerPaths> paths_;
  std::map<Key, Seen> seen_;
};

/// A thread whose stack is known, and the function that it calls.
class CallingThread {
 public:
  explicit CallingThread(Shared& shared, std::uint64_t pointer = 0x7000'0000)
      : shared_(shared), thread_(std::make_unique<EmulatedThread>(pointer)) {
    shared.region->blocks().bind(pointer, 1, {thread_->stack(4096), thread_->stack() + 64 * kWordBytes});
  }
  void put(std::uint64_t offset, std::uint64_t value, std::size_t deeper = 0) {
    std::memcpy(reinterpret_cast<void*>(first_word(deeper) + offset), &value, sizeof value);
  }
  std::uint64_t first_word(std::size_t deeper = 0) { return thread_->stack(deeper) + kWordBytes; }
  long call(const Observed& function, std::uint64_t clock = 1, std::size_t deeper = 0) {
    return (*thread_)(shared_, function, {clock, 0, 0}, deeper);
  }
  void call_often(const Observed& function, std::uint64_t times, std::uint64_t clock = 1, std::size_t deeper = 0) {
    for (std::uint64_t i = 0; i < times; ++i) call(function, clock, deeper);
  }
  EmulatedThread& thread() { return *thread_; }

 private:
  Shared& shared_;
  std::unique_ptr<EmulatedThread> thread_;
};

Observed observed(Shared& shared, const Bytes& body = kReturnZero, std::uint64_t function = 0) {
  return {open_stub(shared.address(), StubShape::clocked, function), body,
          close_stub(StubKind::close, shared.address(), function, true, RECORD_WINDOW_WORDS * kWordBytes)};
}

TEST_CASE("calls are counted once their path has come often", "[caller_paths]") {
  Shared shared(RecordSize::window);
  const Observed function = observed(shared);
  Callers callers(shared);
  CallingThread caller(shared);
  caller.put(Callers::kFirst, 0x1001);
  caller.call_often(function, kThreshold - 1);
  CHECK(callers.of(0x1001).recorded == kThreshold - 1);
  caller.call(function);
  CHECK(callers.of(0x1001).recorded == kThreshold);
  caller.call_often(function, 100);
  CHECK(callers.of(0x1001).recorded == kThreshold);
  CHECK(callers.of(0x1001).counted == 100);
  caller.call_often(function, 3);
  CHECK(callers.of(0x1001).counted == 103);
  CHECK(shared.region->counts(0, true).at(0).entries == kThreshold + 103);
}

TEST_CASE("whatever differs in a path makes a record", "[caller_paths]") {
  Shared shared(RecordSize::window);
  const Observed function = observed(shared), other = observed(shared, kReturnZero, 3);
  const Observed failing = observed(shared, from_hex("b8 ea ff ff ff"));  // mov eax, -22
  const Observed entering({open_stub(shared.address(), StubShape::clocked)}, number_of_call(SYS_sched_get_priority_min),
                          close_stub(StubKind::close, shared.address(), 0, true, RECORD_WINDOW_WORDS * kWordBytes),
                          Fallback{StubKind::called, note_fallback_stub(shared.address())});
  Callers callers(shared);
  CallingThread caller(shared);
  caller.put(Callers::kFirst, 0x1001);
  caller.call_often(function, kThreshold);
  callers.of(0x1001);
  caller.call_often(function, 10);
  REQUIRE(callers.of(0x1001).counted == 10);

  caller.call(function, 4);
  CHECK(callers.of(0x1001, 4).recorded == 1);
  caller.call(other);
  CHECK(callers.of(0x1001).recorded == kThreshold + 1);
  caller.call(failing);
  CHECK(callers.of(0x1001).recorded == kThreshold + 2);
  CHECK(caller.call(entering) == 1);
  CHECK(callers.of(0x1001, 1, Route::fallback).recorded == 1);
  caller.put(Callers::kFirst, 0x2002);
  caller.call(function);
  CHECK(callers.of(0x2002).recorded == 1);
  CHECK(callers.of(0x1001).counted == 10);

  // Those are paths as well.
  caller.put(Callers::kFirst, 0x1001);
  caller.call_often(function, kThreshold - 1, 4);
  callers.of(0x1001, 4);
  caller.call_often(function, 6, 4);
  caller.call_often(function, 2, 5);
  CHECK(callers.of(0x1001, 4).recorded == kThreshold);
  CHECK(callers.of(0x1001, 4).counted == 6);
  CHECK(callers.of(0x1001, 5).recorded == 2);
  CHECK(callers.of(0x1001).counted == 10);
  caller.put(Callers::kFirst, 0x2002);
  caller.call_often(function, kThreshold - 1);
  callers.of(0x2002);
  caller.call_often(function, 7);
  CHECK(callers.of(0x2002).counted == 7);
  caller.put(Callers::kFirst, 0x1001);
  caller.call_often(entering, kThreshold - 1);
  callers.of(0x1001);
  caller.call_often(entering, 5);
  CHECK(callers.of(0x1001, 1, Route::fallback).counted == 5);
}

TEST_CASE("a word that says where the next one lies is a part of the path", "[caller_paths]") {
  Shared shared(RecordSize::window);
  const Observed function = observed(shared);
  Callers callers(shared);
  CallingThread caller(shared);
  caller.put(Callers::kFirst, Callers::kGoesOn);
  for (const std::uint64_t who : {0x11, 0x12, 0x13}) {
    caller.put(Callers::kSecond, who);
    caller.call_often(function, kThreshold);
    callers.of(who);
    caller.call_often(function, who);
  }
  for (const std::uint64_t who : {0x11, 0x12, 0x13}) {
    CHECK(callers.of(who).recorded == kThreshold);
    CHECK(callers.of(who).counted == who);
  }
}

TEST_CASE("pointers into the stack lead on wherever the stack lies", "[caller_paths]") {
  Shared shared(RecordSize::window);
  const Observed function = observed(shared);
  Callers callers(shared);
  shared.make_room(2);
  std::vector<CallingThread> threads;
  threads.emplace_back(shared, 0x7000'0000);
  threads.emplace_back(shared, 0x7100'0000);
  const auto prepare = [](CallingThread& caller, std::size_t deeper, std::uint64_t distance, std::uint64_t who) {
    caller.put(Callers::kFirst, caller.first_word(deeper) + distance, deeper);
    caller.put(distance + kWordBytes, who, deeper);
  };
  prepare(threads[0], 0, 48, 0x77);
  threads[0].call_often(function, kThreshold);
  callers.of(0x77);
  for (const std::size_t deeper : {std::size_t{0}, std::size_t{800}}) {
    for (CallingThread& caller : threads) {
      prepare(caller, deeper, 48, 0x77);
      caller.call_often(function, 5, 1, deeper);
    }
  }
  CHECK(callers.of(0x77).counted == 20);
  CHECK(callers.of(0x77).recorded == kThreshold);
  // The same words, further apart.
  prepare(threads[1], 0, 56, 0x77);
  threads[1].call(function);
  CHECK(callers.of(0x77).recorded == kThreshold + 1);
}

TEST_CASE("beyond the end of the stack nothing is looked at", "[caller_paths]") {
  Shared shared(RecordSize::window);
  const Observed function = observed(shared);
  Callers callers(shared);
  EmulatedThread thread(0x7000'0000);
  const auto call_with_top = [&](std::uint64_t top, std::uint64_t times) {
    shared.region->blocks().bind(thread.pointer(), 1, {thread.stack(4096), top});
    for (std::uint64_t i = 0; i < times; ++i) thread(shared, function, {1, 0, 0});
    callers.all();
    shared.region->blocks().unbind(thread.pointer());
  };
  const std::uint64_t word = thread.stack() + kWordBytes + Callers::kFirst;
  const std::uint64_t who = 0x1001;
  std::memcpy(reinterpret_cast<void*>(word), &who, sizeof who);
  // Where the word is missed because the stack ends, it is not missed everywhere.
  call_with_top(word, 2 * kThreshold);
  CHECK(callers.of(0).recorded == 2 * kThreshold);
  CHECK(callers.of(0).counted == 0);
  call_with_top(word + kWordBytes, kThreshold);
  CHECK(callers.of(who).recorded == kThreshold);
  call_with_top(word + kWordBytes, 4);
  CHECK(callers.of(who).counted == 4);
  call_with_top(word, 4);
  CHECK(callers.of(who).counted == 4);
  CHECK(callers.of(0).recorded == 2 * kThreshold + 4);
  // Of a thread whose stack is not known nothing is counted.
  const std::uint64_t recorded = callers.of(who).recorded;
  call_with_top(0, 4);
  CHECK(callers.of(who).recorded == recorded + 4);
}

TEST_CASE("what is forgotten is found anew", "[caller_paths]") {
  Shared shared(RecordSize::window);
  const Observed function = observed(shared);
  Callers callers(shared);
  CallingThread caller(shared);
  caller.put(Callers::kFirst, 0x1001);
  for (std::uint64_t round = 1; round <= 3; ++round) {
    caller.call_often(function, kThreshold);
    callers.of(0x1001);
    caller.call_often(function, 10);
    CHECK(callers.of(0x1001).recorded == round * kThreshold);
    CHECK(callers.of(0x1001).counted == round * 10);
    callers.paths().forget();
    CHECK(callers.paths().age() == round);
  }
}

TEST_CASE("paths without number are recorded when there is no room for more", "[caller_paths]") {
  Shared shared(RecordSize::window);
  const Observed function = observed(shared);
  Callers callers(shared);
  CallingThread caller(shared);
  constexpr std::uint64_t kCallers = 2 * CallerPaths::kMostCounters;
  std::uint64_t made = 0;
  for (std::uint64_t who = 1; who <= kCallers; ++who) {
    caller.put(Callers::kFirst, who);
    for (int round = 0; round < 6; ++round) {
      caller.call_often(function, kThreshold);
      callers.of(who);
    }
    made += 6 * kThreshold;
  }
  CHECK(callers.all() == made);
  CHECK(callers.of(1).counted > 0);
  CHECK(callers.of(kCallers).counted == 0);
  CHECK(callers.of(kCallers).recorded == 6 * kThreshold);
}

TEST_CASE("of a call from Go's code the path leads through the goroutine's stack", "[caller_paths]") {
  Shared shared(RecordSize::window);
  const Observed function = observed(shared);
  Callers callers(shared);
  CallingThread caller(shared);
  constexpr std::size_t kWords = 64;
  std::array<std::uint64_t, kWords> goroutine{};
  const auto bottom = reinterpret_cast<std::uint64_t>(goroutine.data());
  std::array<std::uint64_t, 2> g{bottom, bottom + sizeof goroutine};
  shared.region->set_go_code(EmulatedThread::kReturn, 1);
  const auto call_from = [&](std::size_t from, std::size_t frame, std::uint64_t times) {
    caller.thread().kept = {bottom + (from + frame) * kWordBytes, bottom + from * kWordBytes,
                            reinterpret_cast<std::uint64_t>(g.data())};
    goroutine[from + Callers::kFirst / kWordBytes] = 0x1001;
    caller.call_often(function, times);
  };
  call_from(3, 2, kThreshold);
  callers.of(0x1001);
  call_from(3, 2, 10);
  call_from(20, 2, 10);
  CHECK(callers.of(0x1001).counted == 20);
  // Another frame, a stack that ends before the word, and the thread's own stack.
  call_from(3, 4, 1);
  CHECK(callers.of(0x1001).recorded == kThreshold + 1);
  g[1] = bottom + (3 + Callers::kFirst / kWordBytes) * kWordBytes;
  call_from(3, 1, 1);
  CHECK(callers.of(0).recorded == 1);
  shared.region->set_go_code(0, 0);
  call_from(3, 2, 1);
  CHECK(callers.all() == kThreshold + 20 + 3);
  CHECK(callers.of(0x1001).counted == 20);
}

TEST_CASE("of timed calls every 64th is a sample", "[caller_paths]") {
  Shared shared(RecordSize::window);
  // Without a counter to read: what is executed here instruction by instruction would always take long.
  const Observed function(
      open_timed_stub(shared.address(), StubShape::clocked, 0, false), kReturnZero,
      close_stub(StubKind::close_timed, shared.address(), 0, false, RECORD_WINDOW_WORDS * kWordBytes));
  const auto paths = shared.region->make_paths(true);
  CallingThread caller(shared);
  std::uint64_t records = 0, samples = 0;
  const auto drain = [&] {
    CHECK(shared.region->rings().drain(false, [&](StubRecord& record, const StackWindow& window) {
      ++(record.is_sample ? samples : records);
      WordsLookedAt words(window);
      record.caller = words.word(window.from() + Callers::kFirst).value_or(0);
      paths->note(record, true, words);
    }) == 0);
  };
  caller.put(Callers::kFirst, 0x1001);
  caller.call_often(function, CallerPaths::kFirstTimedThreshold);
  drain();
  CHECK(records == CallerPaths::kFirstTimedThreshold);
  caller.call_often(function, 10 * PATH_SAMPLES + 3);
  drain();
  CHECK(records == CallerPaths::kFirstTimedThreshold);
  CHECK(samples == 10);
  const auto counted = paths->take_new();
  REQUIRE(counted.size() == 1);
  CHECK((counted[0].caller == 0x1001 && counted[0].count == 10 * PATH_SAMPLES + 3 && counted[0].ticks == 0));
}

__attribute__((noinline)) long called(const Observed& function) { return function(1); }

TEST_CASE("timed calls that are counted add up, and each long one is recorded", "[caller_paths]") {
  if (!can_run()) return;
  Shared shared(RecordSize::window);
  const auto timed = [&](const Bytes& body) {
    return std::make_unique<Observed>(
        open_timed_stub(shared.address(), StubShape::clocked), body,
        close_stub(StubKind::close_timed, shared.address(), 0, true, RECORD_WINDOW_WORDS * kWordBytes));
  };
  const auto quick = timed(kReturnZero);
  const auto slow = timed(from_hex("b9 40 0d 03 00 ff c9 75 fc 31 c0"));  // mov ecx, 200000; dec ecx; jnz; xor eax, eax
  const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  shared.region->blocks().bind(own_thread_pointer(), ::gettid(), {here - 65536, here});
  const auto paths = shared.region->make_paths(true);
  std::uint64_t made = 0, records = 0, counted = 0, ticks = 0;
  const auto call = [&](const Observed& function, std::uint64_t times) {
    const std::uint64_t before = records;
    for (std::uint64_t i = 0; i < times; ++i) CHECK(called(function) == 0);
    made += times;
    CHECK(shared.region->rings().drain(false, [&](const StubRecord& record, const StackWindow& window) {
      records += record.is_sample ? 0 : 1;
      paths->note(record, true, WordsLookedAt(window));
    }) == 0);
    for (const CallTally& tally : paths->take_new()) counted += tally.count, ticks += tally.ticks;
    return records - before;
  };
  CHECK(call(*quick, CallerPaths::kFirstTimedThreshold) == CallerPaths::kFirstTimedThreshold);
  call(*quick, 1500);
  CHECK(call(*slow, 5) == 5);
  CHECK(records + counted == made);
  CHECK((counted > 0 && ticks >= counted && ticks <= counted * PATH_LONG_TICKS));
}

TEST_CASE("threads count by callers at the same time", "[caller_paths]") {
  if (!can_run()) return;
  Shared shared(RecordSize::window);
  shared.make_room(4);
  const Observed function = observed(shared);
  constexpr std::uint64_t kCalls = 20'000;
  Callers callers(shared);
  std::vector<std::thread> threads;
  std::atomic<int> ready = 0, running = 3;
  std::atomic<bool> bound = false;
  std::array<std::uint64_t, 3> pointers{}, stacks{};
  for (std::size_t i = 0; i < pointers.size(); ++i) {
    threads.emplace_back([&, i] {
      pointers[i] = own_thread_pointer();
      stacks[i] = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
      ++ready;
      while (!bound) std::this_thread::yield();
      for (std::uint64_t n = 0; n < kCalls; ++n) function(static_cast<long>(n % 2));
      --running;
    });
  }
  while (ready != 3) std::this_thread::yield();
  for (std::size_t i = 0; i < pointers.size(); ++i)
    shared.region->blocks().bind(pointers[i], static_cast<pid_t>(i + 1), {stacks[i] - 65536, stacks[i]});
  bound = true;
  while (running != 0) {
    callers.paths().forget();
    callers.all();
  }
  for (auto& thread : threads) thread.join();
  CHECK(callers.all() == 3 * kCalls);
}

TEST_CASE("what the process writes over paths and counters does no harm to us", "[caller_paths]") {
  Shared shared(RecordSize::window);
  const Observed function = observed(shared);
  Callers callers(shared);
  CallingThread caller(shared);
  caller.put(Callers::kFirst, 0x1001);
  caller.call_often(function, kThreshold);
  callers.of(0x1001);
  caller.call_often(function, 10);
  CHECK(callers.of(0x1001).counted == 10);
  const std::size_t block = shared.block_of(caller.thread().pointer());
  // Counters that run backwards have nothing new.
  shared.at<std::uint64_t>(block + BLOCK_PATHS) = 3;
  CHECK(callers.of(0x1001).counted == 10);
  for (std::size_t at = REGION_PATHS; at < REGION_PATHS + (PATH_SLOTS << PATH_LOG2); at += kWordBytes)
    shared.at<std::uint64_t>(at) = ~std::uint64_t{0};
  caller.call_often(function, 2);
  CHECK(callers.of(0x1001).recorded == kThreshold + 2);
  callers.paths().forget();
  CHECK(callers.all() == kThreshold + 12);
}

}  // namespace
}  // namespace vdsotrace
