// Stubs that vdsotrace executes for a thread, instruction by instruction, do what they do when they run.
#include "arch/stub_emulator.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "support/emulated_stubs.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

/// What is in a function that is called.
struct Case {
  StubKind open;
  StubShape shape;
  std::optional<StubKind> close{};
  std::optional<StubKind> fallback{};  ///< its trampoline
};
constexpr StubShape kShapes[] = {StubShape::plain, StubShape::clocked, StubShape::three};

std::vector<Case> cases() {
  std::vector<Case> all{{StubKind::open_timed, StubShape::clocked, StubKind::close_timespec},
                        {StubKind::open_timed, StubShape::plain, StubKind::close_timeval},
                        {StubKind::open_timed, StubShape::three, StubKind::close_getcpu},
                        {StubKind::open_timed, StubShape::three, StubKind::close_getrandom}};
  for (const StubShape shape : kShapes) {
    all.push_back({StubKind::count, shape});
    all.push_back({StubKind::open, shape, StubKind::close});
    all.push_back({StubKind::open_timed, shape, StubKind::close_timed});
    for (const StubKind trampoline : {StubKind::called, StubKind::call}) {
      all.push_back({StubKind::count, shape, {}, trampoline});
      all.push_back({StubKind::open, shape, StubKind::close, trampoline});
    }
  }
  for (const StubKind trampoline : {StubKind::called, StubKind::call}) {
    all.push_back({StubKind::open_timed, StubShape::clocked, StubKind::close_timespec, trampoline});
    all.push_back({StubKind::open_timed, StubShape::three, StubKind::close_getrandom, trampoline});
  }
  return all;
}

/// The observed function, for the region at that address.
struct Called {
  Called(const Case& test, std::uint64_t region, bool keeps, bool reads)
      : function(open(test, region, reads), body(test), close(test, region, keeps, reads), fallback(test, region)) {}

  static Stub open(const Case& test, std::uint64_t region, bool reads) {
    if (test.open == StubKind::count) return count_stub(region, test.shape, 1);
    return test.open == StubKind::open ? open_stub(region, test.shape, 1)
                                       : open_timed_stub(region, test.shape, 1, reads);
  }
  /// The result is a number of bytes, or success: mov eax, edx, or, where there is no third argument, xor eax, eax.
  static Bytes body(const Case& test) {
    if (test.fallback) return number_of_call(test.shape == StubShape::three ? SYS_getcwd : SYS_sched_get_priority_max);
    return from_hex(test.shape == StubShape::three ? "89 d0" : "31 c0");
  }
  static std::optional<Stub> close(const Case& test, std::uint64_t region, bool keeps, bool reads) {
    if (!test.close) return std::nullopt;
    return close_stub(*test.close, region, 1, reads, keeps ? RECORD_WINDOW_WORDS * 8 : 0);
  }
  static std::optional<Fallback> fallback(const Case& test, std::uint64_t region) {
    if (!test.fallback) return std::nullopt;
    const bool whole = test.close == StubKind::close_getrandom;
    const Stub stub = test.open == StubKind::count ? count_fallback_stub(region, test.shape, 1)
                                                   : note_fallback_stub(region, whole ? test.shape : StubShape::plain);
    return Fallback{*test.fallback, stub};
  }

  Observed function;
};

void check_same_counts(Shared& native, Shared& foreign, bool clocked) {
  for (std::uint8_t function = 0; function < 2; ++function) {
    const auto wanted = native.region->counts(function, clocked);
    const auto counted = foreign.region->counts(function, clocked);
    REQUIRE(counted.size() == wanted.size());
    CHECK(counted.empty() == (function == 0));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CHECK(counted[i].clock == wanted[i].clock);
      CHECK(counted[i].entries == wanted[i].entries);
      CHECK(counted[i].fallbacks == wanted[i].fallbacks);
      CHECK(counted[i].errors == wanted[i].errors);
    }
  }
}

void check_same_records(const Case& test, Shared& native, Shared& foreign) {
  const auto wanted = drained(native);
  const auto told = drained(foreign);
  REQUIRE(told.size() == wanted.size());
  CHECK(told.size() == (test.close ? 3 : 0));
  const bool has_values = test.close && *test.close >= StubKind::close_timespec;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    CHECK(told[i].function == 1);
    CHECK(told[i].fallback == test.fallback.has_value());
    CHECK(wanted[i].fallback == test.fallback.has_value());
    CHECK(told[i].arg0 == wanted[i].arg0);
    CHECK(told[i].key == wanted[i].key);
    CHECK((told[i].start != 0) == (wanted[i].start != 0));
    CHECK(told[i].end >= told[i].start);
    CHECK(told[i].result == wanted[i].result);
    if (!has_values) continue;
    CHECK(told[i].arg1 == wanted[i].arg1);
    CHECK(told[i].arg2 == wanted[i].arg2);
    CHECK(std::ranges::equal(told[i].value, wanted[i].value));
  }
}

TEST_CASE("of a call from Go's code the goroutine's stack is kept, as far as it goes", "[stubs_executed]") {
  const StubKind kind = GENERATE(StubKind::close, StubKind::close_timespec);
  constexpr std::size_t kWords = 64;
  std::array<std::uint64_t, kWords> goroutine{};
  for (std::size_t i = 0; i < kWords; ++i) goroutine[i] = 1000 + i;
  const auto bottom = reinterpret_cast<std::uint64_t>(goroutine.data());
  const std::array<std::uint64_t, 2> g{bottom, bottom + sizeof goroutine};
  Shared shared(kind == StubKind::close ? RecordSize::window : RecordSize::values_window);
  const Observed call(kind == StubKind::close ? open_stub(shared.address(), StubShape::clocked)
                                              : open_timed_stub(shared.address(), StubShape::clocked),
                      kReturnZero, close_stub(kind, shared.address(), 0, true, RECORD_WINDOW_WORDS * 8));
  EmulatedThread thread;
  const auto kept_after_call = [&](std::size_t from) {
    thread.kept = {bottom + (from + 2) * 8, bottom + from * 8, reinterpret_cast<std::uint64_t>(g.data())};
    thread(shared, call, {1, 0, 0});
    StubRecord kept;
    std::vector<std::uint64_t> words;
    CHECK(shared.region->rings().drain(false, [&](const StubRecord& record, const StackWindow& window) {
      kept = record;
      const std::uint64_t start = record.goroutine_stack != 0 ? record.goroutine_stack : record.stack + 8;
      for (std::uint64_t at = start; const auto word = window.word(at); at += 8) words.push_back(*word);
    }) == 0);
    return std::pair(kept, words);
  };
  // No Go code is known: the thread's own stack.
  CHECK(kept_after_call(3).first.goroutine_stack == 0);
  shared.region->set_go_code(EmulatedThread::kReturn, 1);
  for (const std::size_t from : {std::size_t{0}, std::size_t{3}, kWords - 5, kWords - 3}) {
    const auto [record, words] = kept_after_call(from);
    CHECK(record.goroutine_stack == thread.kept[1]);
    CHECK(record.frame_pointer == thread.kept[0]);
    REQUIRE(words.size() == std::min<std::size_t>(GOROUTINE_WORDS_COUNT, kWords - from));
    for (std::size_t i = 0; i < words.size(); ++i) CHECK(words[i] == 1000 + from + i);
  }
  // Registers that are not those of a goroutine: nothing is read from where they point.
  CHECK(kept_after_call(kWords - 2).first.goroutine_stack == 0);
  CHECK(kept_after_call(kWords).first.goroutine_stack == 0);
  CHECK(kept_after_call(static_cast<std::size_t>(0) - 1).first.goroutine_stack == 0);
  shared.region->set_go_code(EmulatedThread::kReturn + 1, 1);
  CHECK(kept_after_call(3).first.goroutine_stack == 0);
}

TEST_CASE("stubs do the same when they are executed for a thread", "[stubs_executed]") {
  if (!can_run()) return;
  const bool bound = GENERATE(false, true);
  const bool keeps = GENERATE(false, true);
  const bool reads = GENERATE(false, true);
  for (const Case& test : cases()) {
    CAPTURE(static_cast<int>(test.open), static_cast<int>(test.shape), test.close.has_value(), bound, keeps, reads);
    CAPTURE(static_cast<int>(test.close.value_or(test.open)), static_cast<int>(test.fallback.value_or(test.open)));
    Shared native(keeps ? RecordSize::values_window : RecordSize::values);
    Shared foreign(keeps ? RecordSize::values_window : RecordSize::values);
    char first[64] = "first first first first";
    char second[64] = "second second second";
    const auto at = [](char* place) { return reinterpret_cast<std::uint64_t>(place); };
    const bool by_value = test.shape == StubShape::clocked;
    // getcwd(2) fails where there is no room, and where it may not write.
    const bool by_size = test.fallback && test.shape == StubShape::three;
    const std::array<std::uint64_t, 3> arguments[] = {{by_value ? 3 : at(first), by_size ? 64 : at(second), 5},
                                                      {by_value ? 77 : at(first), by_size ? 1 : at(second), 0},
                                                      {by_value  ? ~0u
                                                       : by_size ? 8
                                                                 : at(second),
                                                       by_size ? 64 : at(first), 1}};
    const Called run(test, native.address(), keeps, reads), executed(test, foreign.address(), keeps, reads);
    if (bound) {
      native.region->blocks().bind(own_thread_pointer(), ::gettid());
      foreign.region->blocks().bind(own_thread_pointer(), ::gettid());
    }
    EmulatedThread thread;
    for (const auto& a : arguments) {
      const auto ran = run.function(static_cast<long>(a[0]), static_cast<long>(a[1]), static_cast<long>(a[2]));
      CHECK(thread(foreign, executed.function, a) == ran);
      if (test.fallback == StubKind::call) CHECK(thread.mark() == arch::kOwnCallMark);
    }
    check_same_counts(native, foreign, by_value);
    check_same_records(test, native, foreign);
  }
}

TEST_CASE("behind a system call a stub changes no more registers than the instruction itself", "[stubs_executed]") {
  if (!can_run()) return;
  const StubKind trampoline = GENERATE(StubKind::called, StubKind::call);
  Shared shared;
  for (const StubShape shape : kShapes) {
    for (const bool noted : {false, true}) {
      const Stub stub = noted ? note_fallback_stub(shared.address(), shape)
                              : count_fallback_stub(shared.address(), shape);
      const Observed call({}, number_of_call(SYS_getppid), {}, Fallback{trampoline, stub});
      EmulatedThread thread;
      const arch::Registers after = thread.registers_after(shared, call, {70, 71, 72});
      CHECK(after.rax == static_cast<std::uint64_t>(::getppid()));
      CHECK((after.rdi == 70 && after.rsi == 71 && after.rdx == 72));
      CHECK((after.r8 == 8 && after.r9 == 9 && after.r10 == 10));
    }
  }
}

TEST_CASE("what is not a stub's instruction, or finds no memory, is not executed", "[stubs_executed]") {
  Shared shared;
  OwnMemory memory(shared);
  for (const char* code : {"0f 0b", "66 0f ef c0", "64 48 8b 04 25 00 00 00 00", "48 8b 00", "ff d0"}) {
    Bytes bytes = from_hex(code);
    bytes.resize(16);
    arch::Registers registers{};
    registers.rip = reinterpret_cast<std::uint64_t>(bytes.data());
    arch::StubEmulator emulator(registers, memory);
    CHECK(emulator.step() == arch::StubEmulator::Outcome::unknown);
    CHECK(emulator.registers().rip == registers.rip);
  }
}

}  // namespace
}  // namespace vdsotrace
