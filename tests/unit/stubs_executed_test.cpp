// Stubs that vdsotrace executes for a thread, instruction by instruction, do what they do when they run.
#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <vector>

#include "engines/stub_emulator.hpp"
#include "own_stubs.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

/// Our own memory, with the region seen as a process's is.
class OwnMemory final : public EmulatedMemory {
 public:
  explicit OwnMemory(Shared& shared) : shared_(shared) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    if (address < kLowest) return 0;
    std::memcpy(into.data(), reinterpret_cast<const void*>(address), into.size());
    return into.size();
  }
  bool write(std::uint64_t address, std::span<const std::byte> bytes) override {
    if (address < kLowest) return false;
    std::memcpy(reinterpret_cast<void*>(address), bytes.data(), bytes.size());
    return true;
  }
  std::byte* shared(std::uint64_t address, std::size_t size) override { return shared_.region->shared(address, size); }

 private:
  static constexpr std::uint64_t kLowest = 65536;
  Shared& shared_;
};

/// What `call` does, executed for it. System calls answer 7, or, where their first argument is none, EBADF.
long emulated(Shared& shared, const Observed& call, const std::array<std::uint64_t, 3>& arguments, long number = 0) {
  alignas(16) std::array<std::uint64_t, 128> stack{};
  constexpr std::uint64_t kReturn = 0x1234'5678;
  stack[100] = kReturn;
  arch::Registers registers{};
  registers.rip = reinterpret_cast<std::uint64_t>(call.entry());
  registers.rsp = reinterpret_cast<std::uint64_t>(&stack[100]);
  registers.rbp = 0xb0b;
  registers.rdi = arguments[0];
  registers.rsi = arguments[1];
  registers.rdx = arguments[2];
  registers.rax = static_cast<std::uint64_t>(number);
  registers.fs_base = own_thread_pointer();
  OwnMemory memory(shared);
  StubEmulator emulator(registers, memory);
  for (int i = 0; i < 100'000 && emulator.registers().rip != kReturn; ++i) {
    const auto outcome = emulator.step();
    if (outcome == StubEmulator::Outcome::next) continue;
    REQUIRE(outcome == StubEmulator::Outcome::system_call);
    emulator.registers().rax = static_cast<std::uint32_t>(arguments[0]) == ~0u ? -EBADF : 7;
    emulator.registers().rip += 2;
  }
  const arch::Registers& after = emulator.registers();
  CHECK(after.rip == kReturn);
  CHECK(after.rsp == reinterpret_cast<std::uint64_t>(&stack[101]));
  CHECK(after.rbp == registers.rbp);
  return static_cast<long>(after.rax);
}

TEST_CASE("stubs do the same when they are executed for a thread", "[stubs_executed]") {
  if (!can_run()) return;
  struct Case {
    StubKind kind;
    StubShape shape;
    bool fallback;
  };
  const Case cases[] = {
      {StubKind::count, StubShape::plain, false},           {StubKind::count, StubShape::clocked, false},
      {StubKind::caller, StubShape::plain, false},          {StubKind::caller, StubShape::clocked, false},
      {StubKind::caller, StubShape::three, false},          {StubKind::measured, StubShape::plain, false},
      {StubKind::measured, StubShape::clocked, false},      {StubKind::measured, StubShape::three, false},
      {StubKind::timespec, StubShape::clocked, false},      {StubKind::timeval, StubShape::plain, false},
      {StubKind::getcpu, StubShape::three, false},          {StubKind::getrandom, StubShape::three, false},
      {StubKind::count_fallback, StubShape::plain, true},   {StubKind::count_fallback, StubShape::clocked, true},
      {StubKind::record_fallback, StubShape::plain, true},  {StubKind::record_fallback, StubShape::three, true},
  };
  const bool bound = GENERATE(false, true);
  const std::uint64_t keeps = GENERATE(0, 1);
  const std::uint64_t reads = GENERATE(0, 1);
  for (const Case& test : cases) {
    CAPTURE(static_cast<int>(test.kind), static_cast<int>(test.shape), bound, keeps, reads);
    Shared native(keeps != 0 ? RecordSize::window : RecordSize::values);
    Shared foreign(keeps != 0 ? RecordSize::window : RecordSize::values);
    char first[64] = "first first first first";
    char second[64] = "second second second";
    const auto at = [](char* place) { return reinterpret_cast<std::uint64_t>(place); };
    const bool by_value = test.shape == StubShape::clocked;
    const std::array<std::uint64_t, 3> arguments[] = {{by_value ? 3 : at(first), at(second), 5},
                                                      {by_value ? 77 : at(first), at(second), 0},
                                                      {by_value ? ~0u : at(second), at(first), 1}};
    const auto slots = [&](const Shared& shared) -> std::vector<std::uint64_t> {
      const std::uint64_t row = shared.address() + REGION_COUNTERS + (1 << KIND_LOG2);
      const bool is_short = test.kind == StubKind::measured;
      switch (test.kind) {
        case StubKind::count: return {0, shared.address()};
        case StubKind::count_fallback: return {row, 0x1234, shared.address(), 1ull << 32};
        case StubKind::record_fallback: return {0x1234, shared.address(), RECORD_FALLBACK_FLAG};
        case StubKind::caller: return {0, shared.address(), RECORD_SHORT_FLAG, keeps};
        default: return {0, shared.address(), std::uint64_t{is_short ? RECORD_SHORT_FLAG : 0u}, keeps, reads};
      }
    };
    // The result is a number of bytes, or success: mov eax, edx; ret. Where there is no third argument: xor eax, eax; ret.
    const Bytes body = test.fallback ? from_hex("c3") : from_hex(test.shape == StubShape::three ? "89 d0 c3" : "31 c0 c3");
    const Observed run(test.kind, test.shape, slots(native), body);
    const Observed executed(test.kind, test.shape, slots(foreign), body);
    if (bound) {
      native.region->bind(own_thread_pointer());
      foreign.region->bind(own_thread_pointer());
    }
    for (const auto& a : arguments) {
      if (test.fallback) {
        const auto called = [&](std::uint64_t argument) { return static_cast<long>(argument); };
        const long number = by_value && static_cast<std::uint32_t>(a[0]) == ~0u ? SYS_close : SYS_getppid;
        fall_back(run, number, a[0], called(a[1]), called(a[2]));
        emulated(foreign, executed, a, number);
      } else {
        const auto ran = run(static_cast<long>(a[0]), static_cast<long>(a[1]), static_cast<long>(a[2]));
        CHECK(emulated(foreign, executed, a) == ran);
      }
    }
    for (std::uint8_t function = 0; function < 2; ++function) {
      const auto wanted = native.region->counts(function, by_value);
      const auto counted = foreign.region->counts(function, by_value);
      REQUIRE(counted.size() == wanted.size());
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        CHECK(counted[i].clock == wanted[i].clock);
        CHECK(counted[i].entries == wanted[i].entries);
        CHECK(counted[i].fallbacks == wanted[i].fallbacks);
        CHECK(counted[i].errors == wanted[i].errors);
      }
    }
    const auto wanted = drained(native);
    const auto told = drained(foreign);
    REQUIRE(told.size() == wanted.size());
    CHECK(told.empty() == (test.kind == StubKind::count || test.kind == StubKind::count_fallback));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CHECK(told[i].arg0 == wanted[i].arg0);
      CHECK(told[i].arg2 == wanted[i].arg2);
      CHECK(told[i].key == wanted[i].key);
      CHECK((told[i].start != 0) == (wanted[i].start != 0));
      CHECK(told[i].end >= told[i].start);
      if (!test.fallback) CHECK(told[i].result == wanted[i].result);
      if (test.kind == StubKind::timespec || test.kind == StubKind::timeval || test.kind == StubKind::getcpu)
        CHECK(std::ranges::equal(told[i].value, wanted[i].value));
    }
  }
}

TEST_CASE("what is not a stub's instruction, or finds no memory, is not executed", "[stubs_executed]") {
  Shared shared;
  OwnMemory memory(shared);
  for (const char* code : {"0f 0b", "66 0f ef c0", "64 48 8b 04 25 00 00 00 00", "48 8b 00", "ff e0"}) {
    Bytes bytes = from_hex(code);
    bytes.resize(16);
    arch::Registers registers{};
    registers.rip = reinterpret_cast<std::uint64_t>(bytes.data());
    StubEmulator emulator(registers, memory);
    CHECK(emulator.step() == StubEmulator::Outcome::unknown);
    CHECK(emulator.registers().rip == registers.rip);
  }
}

}  // namespace
}  // namespace vdsotrace
