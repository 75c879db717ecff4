// Runs the stubs themselves, in this process: counters and rings as the traced program would write them.
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asm/prctl.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>
#include <thread>
#include <vector>

#include "arch/stubs.hpp"
#include "engines/stub_emulator.hpp"
#include "engines/stub_region.hpp"
#include "engines/stub_tally.hpp"
#include "support/catch.hpp"
#include "vdso_images.hpp"

namespace vdsotrace {
namespace {

using arch::StubKind;
using arch::StubShape;
using testing::Bytes;
using testing::from_hex;

std::uint64_t own_thread_pointer() {
  std::uint64_t pointer = 0;
  ::syscall(SYS_arch_prctl, ARCH_GET_FS, &pointer);
  return pointer;
}

/// A region as a traced process and vdsotrace have it, both of which we are.
class Shared {
 public:
  explicit Shared(RecordSize size = RecordSize::values)
      : fd_(static_cast<int>(::syscall(SYS_memfd_create, "stubs", MFD_ALLOW_SEALING))) {
    auto memory = SharedMemory::of_descriptor(::getpid(), fd_, REGION_BYTES);
    REQUIRE(memory);
    theirs_ = static_cast<std::byte*>(
        ::mmap(nullptr, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0));
    REQUIRE(theirs_ != MAP_FAILED);
    region.emplace(std::move(*memory), reinterpret_cast<std::uint64_t>(theirs_), true, size);
  }
  ~Shared() {
    ::munmap(theirs_, REGION_BYTES);
    ::close(fd_);
  }
  std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(theirs_); }
  template <class T>
  T& at(std::size_t offset) {
    return *reinterpret_cast<T*>(theirs_ + offset);
  }

 private:
  int fd_;
  std::byte* theirs_;

 public:
  std::optional<StubRegion> region;
};

/// A function that runs the stub and then, as what it observes, `body`.
class Observed {
 public:
  using Function = long (*)(long, long, long);
  Observed(StubKind kind, StubShape shape, std::vector<std::uint64_t> slots, const Bytes& body) {
    const arch::StubTemplate stub = arch::stub_template(kind, shape);
    REQUIRE(slots.size() == stub.slots());
    code_ = static_cast<std::byte*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(code_ != MAP_FAILED);
    std::memcpy(code_, stub.bytes.data(), stub.bytes.size());
    std::memcpy(code_, slots.data(), stub.code);
    std::memcpy(code_ + stub.bytes.size(), body.data(), body.size());
    entry_ = code_ + stub.code;
  }
  ~Observed() { ::munmap(code_, 4096); }
  const void* entry() const { return entry_; }
  long operator()(long a = 0, long b = 0, long c = 0) const { return reinterpret_cast<Function>(entry_)(a, b, c); }

 private:
  std::byte* code_;
  std::byte* entry_;
};

// xor eax, eax; ret
const Bytes kReturnZero = from_hex("31 c0 c3");
// mov [rsi], rdi; mov qword [rsi+8], 7; xor eax, eax; ret
const Bytes kFillTimespec = from_hex("48 89 3e 48 c7 46 08 07 00 00 00 31 c0 c3");
// lea rax, [rdi+rsi]; add rax, rdx; ret
const Bytes kSum = from_hex("48 8d 04 37 48 01 d0 c3");

std::vector<StubRecord> drained(Shared& shared, bool final = false) {
  std::vector<StubRecord> records;
  shared.region->drain(final, [&](const StubRecord& record, const StackWindow&) { records.push_back(record); });
  return records;
}

bool can_run() {
  if (arch::stubs_usable()) return true;
  WARN("this kernel or processor has no rdfsbase for programs");
  return false;
}

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

/// Calls a fallback's stub as the code in front of it would: with the system call's number in rax.
long fall_back(const Observed& stub, long number, std::uint64_t first, long second = 0, long third = 0) {
  long result = number;
  // The compiler may keep variables in the 128 bytes below the stack pointer.
  asm volatile("lea -128(%%rsp), %%rsp\n\tcall *%[stub]\n\tlea 128(%%rsp), %%rsp"
               : "+a"(result)
               : [stub] "r"(stub.entry()), "D"(first), "S"(second), "d"(third)
               : "rcx", "r11", "memory", "cc");
  return result;
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

TEST_CASE("stubs do the same when they are executed for a thread", "[stubs_run]") {
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

TEST_CASE("what is not a stub's instruction, or finds no memory, is not executed", "[stubs_run]") {
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

/// A region whose keeper is another process, which does nothing but wait for its end.
class KeptByOther {
 public:
  explicit KeptByOther(bool may_sleep) : fd_(static_cast<int>(::syscall(SYS_memfd_create, "stubs", MFD_ALLOW_SEALING))) {
    bytes_ = static_cast<std::byte*>(::mmap(nullptr, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0));
    REQUIRE(bytes_ != MAP_FAILED);
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    keeper_ = ::fork();
    if (keeper_ == 0) {
      auto memory = SharedMemory::of_descriptor(::getpid(), fd_, REGION_BYTES);
      if (!memory) ::_exit(1);
      const StubRegion region(std::move(*memory), address(), may_sleep);
      if (::write(ends[1], "", 1) == 1) ::pause();
      ::_exit(1);
    }
    ::close(ends[1]);
    char ready = 1;
    REQUIRE(::read(ends[0], &ready, 1) == 1);
    ::close(ends[0]);
  }
  ~KeptByOther() {
    kill_keeper();
    ::munmap(bytes_, REGION_BYTES);
    ::close(fd_);
  }
  void kill_keeper() {
    if (keeper_ == 0) return;
    ::kill(keeper_, SIGKILL);
    ::waitpid(keeper_, nullptr, 0);
    keeper_ = 0;
  }
  std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(bytes_); }
  template <class T>
  std::atomic_ref<T> at(std::size_t offset) {
    return std::atomic_ref(*reinterpret_cast<T*>(bytes_ + offset));
  }

 private:
  int fd_;
  std::byte* bytes_;
  pid_t keeper_ = 0;
};

TEST_CASE("who waits for room goes on as soon as vdsotrace has died", "[stubs_run]") {
  if (!can_run()) return;
  const bool may_sleep = GENERATE(false, true);
  const bool fallback = GENERATE(false, true);
  CAPTURE(may_sleep, fallback);
  KeptByOther region(may_sleep);
  const Observed call(StubKind::timespec, StubShape::clocked, {0, region.address(), 0, 0, 1}, kFillTimespec);
  const Observed fall(StubKind::record_fallback, StubShape::plain, {0x1234, region.address(), RECORD_FALLBACK_FLAG},
                      from_hex("c3"));
  constexpr std::uint64_t kRoom = RING_BYTES >> RECORD_LOG2_VALUES;
  std::thread caller([&] {
    timespec out;
    for (std::uint64_t i = 0; i < kRoom; ++i) call(1, reinterpret_cast<long>(&out));
    if (fallback) {
      fall_back(fall, SYS_getppid, 0);
    } else {
      call(1, reinterpret_cast<long>(&out));
    }
  });
  const auto head = region.at<std::uint64_t>(REGION_SHARED_ENTRY + ENTRY_HEAD);
  while (head.load() != kRoom + 1) std::this_thread::yield();
  CHECK(region.at<std::uint32_t>(REGION_ORPHANED).load() == 0);
  const auto killed = std::chrono::steady_clock::now();
  region.kill_keeper();
  caller.join();
  // Without the mark it takes PATIENCE naps, more than a second.
  CHECK(std::chrono::steady_clock::now() - killed < std::chrono::milliseconds(500));
  CHECK(region.at<std::uint32_t>(REGION_KEEPER).load() == KEEPER_DIED);
  CHECK(region.at<std::uint32_t>(REGION_ORPHANED).load() == 1);
  CHECK(region.at<std::uint64_t>(REGION_LOST).load() == (fallback ? 0 : 1));
}

TEST_CASE("marks come and go in any order", "[stubs_run]") {
  const auto words = [](const std::vector<Shared*>& all) {
    std::vector<bool> dead;
    for (Shared* one : all) dead.push_back(one->at<std::uint32_t>(REGION_KEEPER) == KEEPER_DIED);
    return dead;
  };
  Shared first, second, third;
  second.region.reset();
  CHECK(words({&first, &second, &third}) == std::vector{false, true, false});
  first.region.reset();
  third.region.reset();
  CHECK(words({&first, &second, &third}) == std::vector{true, true, true});
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

TEST_CASE("a fallback belongs to the call on whose stack it was made", "[stub_tally]") {
  PendingFallbacks pending;
  StubRecord fallback;
  fallback.stack = 0x7000;
  pending.add(fallback);
  CHECK_FALSE(pending.take(0x6800));  // a handler's call, further down
  CHECK(pending.take(0x7040));
  CHECK_FALSE(pending.take(0x7040));
}

TEST_CASE("tallies add up by function, clock and route", "[stub_tally]") {
  CallTallies tallies;
  StubRecord record;
  record.arg0 = 1;
  record.start = 10;
  record.end = 15;
  tallies.add(record, true, Route::vdso);
  tallies.add(record, true, Route::vdso);
  record.arg0 = 40;
  record.result = -22;
  tallies.add(record, true, Route::fallback);
  const auto all = tallies.take_new();
  REQUIRE(all.size() == 2);
  CHECK((all[0].count == 2 && all[0].ticks == 10 && all[0].errors == 0 && all[0].clock == 1u));
  CHECK((all[1].count == 1 && all[1].errors == 1 && all[1].route == Route::fallback));
  CHECK(tallies.seen(0, 1u, true) == 2);
  CHECK(tallies.seen(0, std::nullopt, true) == 1);
}

}  // namespace
}  // namespace vdsotrace
