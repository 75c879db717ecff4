// A record stub makes and records one call, and wherever a thread in it is stopped, executing the rest for it brings it
// out with everything as the instruction leaves it. The stub runs in a child, step by step.
#include "arch/record_stub.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "arch/call_stub.hpp"
#include "base/page.hpp"
#include "engines/inline/region/system_call_record.hpp"
#include "support/emulated_stubs.hpp"
#include "support/stepped_child.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::size_t kBackAt = 3072, kOthersAt = 3328, kLeave = 3584, kUnsuited = 3840;
constexpr std::int64_t kCall = SYS_dup2;

/// A stub for a region, both of which a child of ours has too.
class StubPage {
 public:
  explicit StubPage(Shared& shared, const arch::CopyPlan& copies = {}, std::int64_t nr = kCall)
      : page_(static_cast<std::byte*>(
            ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    const auto stub = arch::make_record_stub({nr, shared.address() + REGION_INDEX, address(kBackAt), address(kBackAt),
                                              address(kOthersAt), address(kLeave), address(kUnsuited)},
                                             copies);
    REQUIRE(stub.size() <= arch::kRecordStubBytes);
    std::memcpy(page_, stub.data(), stub.size());
  }
  ~StubPage() { ::munmap(page_, kPage); }
  StubPage(const StubPage&) = delete;
  StubPage& operator=(const StubPage&) = delete;

  std::uint64_t address(std::size_t offset) const { return reinterpret_cast<std::uint64_t>(page_) + offset; }
  bool contains(std::uint64_t at) const { return at >= address(0) && at < address(kBackAt); }
  /// Of a thread that comes in with that call.
  arch::Registers entering(arch::Registers from, std::int64_t nr, std::uint64_t flags) const {
    auto registers = arch::for_system_call(from, address(arch::call_stub_entry()), nr, {900, 7, 3, 4, 5, 6});
    registers.eflags = (registers.eflags & ~kStatusFlags) | flags;
    registers.rbx = 0xb0b, registers.rbp = 0xb0b0;
    return registers;
  }

 private:
  std::byte* page_;
};

/// The rest, up to the call or out of the stub.
arch::Registers rest_of(const StubPage& page, Shared& shared, const arch::Registers& from, int most = 1000) {
  OwnMemory memory(shared);
  arch::StubEmulator emulator(from, memory);
  for (int step = 0; step < most && page.contains(emulator.registers().rip); ++step) {
    if (emulator.step() != arch::StubEmulator::Outcome::next) break;
  }
  return emulator.registers();
}

std::vector<StubRecord> records_of(Shared& shared) {
  std::vector<StubRecord> records;
  CHECK(shared.region->rings().drain(false,
                                     [&](StubRecord& record, const StackWindow&) { records.push_back(record); }) == 0);
  return records;
}

}  // namespace

TEST_CASE("a record stub has its entries where a call stub has them", "[record_stub]") {
  Shared shared(RecordSize::values);
  const StubPage page(shared);
  for (const std::uint64_t second : {0, 7}) {
    auto registers = page.entering({}, kCall, kStatusFlags);
    registers.rip = page.address(arch::call_stub_query_entry());
    registers.rsi = second;
    OwnMemory memory(shared);
    arch::StubEmulator emulator(registers, memory);
    for (int step = 0; step < 4 && emulator.registers().rip < page.address(kBackAt); ++step)
      REQUIRE(emulator.step() == arch::StubEmulator::Outcome::next);
    const std::uint64_t end = emulator.registers().rip - page.address(0);
    CHECK((second == 0 ? end > arch::call_stub_entry() && end < kBackAt : end == kOthersAt));
    check_same(emulator.registers(), registers, kStatusFlags);
  }
}

TEST_CASE("a record stub records one call and leaves everything as the instruction does") {
  Shared shared;
  shared.region->blocks().bind(own_thread_pointer(), ::gettid());
  const StubPage page(shared);
  const SteppedChild child;
  for (const std::uint64_t flags : {std::uint64_t{0}, std::uint64_t{0x800}, std::uint64_t{0x41}, kStatusFlags}) {
    const auto before = page.entering(child.first, kCall, flags);
    child.begin(before);
    auto now = before;
    int steps_behind = 0;
    for (int step = 0; page.contains(now.rip) && step < 200; ++step) {
      const bool made = arch::has_called_in_record_stub(now.rip - page.address(0));
      const auto out = rest_of(page, shared, now);
      check_same(out, before, flags);
      if (made) {
        ++steps_behind;
        CHECK(out.rip == page.address(kBackAt));
        CHECK(arch::return_value(out) == -EBADF);
        CHECK(out.rbx == before.rbx);
        CHECK(out.rcx == page.address(kBackAt));
        CHECK((out.r11 & kStatusFlags) == flags);
      } else {
        CHECK(arch::requested_call(out) == kCall);
        const std::uint64_t base = arch::record_block(out) + BLOCK_CALL_BASE - shared.address();
        CHECK(arch::with_record_base(out, shared.at<std::uint64_t>(base)).rbx == before.rbx);
        CHECK(shared.region->open_system_call(own_thread_pointer(), ::gettid()));
      }
      now = child.step();
    }
    CHECK(steps_behind > 10);
    CHECK(now.rip == page.address(kBackAt));
    CHECK(now.rbx == before.rbx);
    CHECK(arch::return_value(now) == -EBADF);
    CHECK((now.r11 & kStatusFlags) == flags);
    check_same(now, before, flags);
    CHECK_FALSE(shared.region->open_system_call(own_thread_pointer(), ::gettid()));

    const auto records = records_of(shared);
    REQUIRE(records.size() == 1);
    CHECK(records[0].function == RECORD_SYSTEM_CALL);
    CHECK(records[0].return_address == static_cast<std::uint64_t>(kCall));
    CHECK(records[0].result == -EBADF);
    CHECK(records[0].arg0 == 900);
    CHECK(records[0].arg1 == 7);
    CHECK(records[0].arg2 == 3);
    std::array<std::uint64_t, 4> late;
    std::memcpy(late.data(), records[0].value.data(), sizeof late);
    CHECK(late == std::array<std::uint64_t, 4>{4, 5, 6, page.address(kBackAt)});
    CHECK(records[0].start < records[0].end);
    CHECK(records[0].tid == ::gettid());
  }
}

TEST_CASE("what a record stub cannot record goes elsewhere as it came") {
  Shared shared;
  const StubPage page(shared);
  EmulatedThread thread;
  arch::Registers from{};
  from.fs_base = thread.pointer(), from.rsp = thread.stack();
  from.cs = 0x33;
  for (const std::uint64_t flags : {std::uint64_t{0}, std::uint64_t{0x800}, kStatusFlags}) {
    const auto other = page.entering(from, SYS_getppid, flags);
    const auto passed = rest_of(page, shared, other);
    CHECK(passed.rip == page.address(kOthersAt));
    CHECK(arch::requested_call(passed) == SYS_getppid);
    CHECK(passed.rbx == other.rbx);
    check_same(passed, other, flags);
    // It has no ring.
    const auto before = page.entering(from, kCall, flags);
    const auto left = rest_of(page, shared, before);
    CHECK(left.rip == page.address(kLeave));
    CHECK(arch::requested_call(left) == kCall);
    CHECK(left.rbx == before.rbx);
    check_same(left, before, flags);
  }
  CHECK(records_of(shared).empty());
}

TEST_CASE("calls for which there is no room stop, and none is lost") {
  Shared shared;
  const StubPage page(shared);
  EmulatedThread thread;
  shared.region->blocks().bind(thread.pointer(), ::gettid());
  const std::uint64_t room = shared.room_of(shared.block_of(thread.pointer()));
  arch::Registers from{};
  from.fs_base = thread.pointer(), from.rsp = thread.stack();
  from.cs = 0x33;
  const auto make = [&] {
    const auto before = page.entering(from, kCall, kStatusFlags);
    auto now = rest_of(page, shared, before);
    if (now.rip == page.address(kLeave)) {
      CHECK(now.rbx == before.rbx);
      check_same(now, before, kStatusFlags);
      return false;
    }
    REQUIRE(page.contains(now.rip));
    now = rest_of(page, shared, arch::after_call(now, 7));
    CHECK(now.rip == page.address(kBackAt));
    return true;
  };
  std::uint64_t made = 0, seen = 0;
  for (std::uint64_t round = 0; round < 3; ++round) {
    while (make()) ++made;
    CHECK(made - seen == room);
    CHECK(shared.region->rings().fill() == 1);
    seen += records_of(shared).size();
    CHECK(seen == made);
  }
}

TEST_CASE("a record stub keeps registers and as much of the stack as is sure to be there") {
  arch::CopyPlan plan;
  plan.keeps_stack = true;
  plan.most_bytes = RECORD_POINTEES + KEPT_MOST_BYTES;
  EmulatedThread thread;
  constexpr std::uint64_t kBytes = 20'000;
  const std::uint64_t at = thread.stack(kBytes), top = thread.stack();
  std::memset(reinterpret_cast<void*>(at), 0x5a, kBytes);
  const auto kept_by = [&](const StackBounds& bounds) {
    Shared shared(RecordSize::values, true, RECORD_MOST_BYTES);
    const StubPage page(shared, plan);
    shared.region->blocks().bind(thread.pointer(), ::gettid(), bounds);
    arch::Registers from{};
    from.cs = 0x33, from.fs_base = thread.pointer(), from.rsp = at;
    from.r12 = 12, from.r13 = 13, from.r14 = 14, from.r15 = 15;
    const auto before = page.entering(from, kCall, kStatusFlags);
    auto now = rest_of(page, shared, before, 10'000);
    check_same(now, before, kStatusFlags);
    now = rest_of(page, shared, arch::after_call(now, 7));
    CHECK(now.rip == page.address(kBackAt));
    CHECK(now.rbx == before.rbx);
    check_same(now, before, kStatusFlags);
    const auto records = records_of(shared);
    REQUIRE(records.size() == 1);
    auto kept = kept_stack(records[0]);
    REQUIRE(kept);
    CHECK(kept->start.address == page.address(kBackAt));
    CHECK(kept->start.registers ==
          DwarfRegisters{0, 0, 0, 0xb0b, 0, 0, 0xb0b0, at, 0, 0, 0, 0, 12, 13, 14, 15, page.address(kBackAt)});
    std::vector<std::byte> bytes(2 * KEPT_STACK_BYTES);
    bytes.resize(kept->words.read(at, bytes));
    CHECK(std::ranges::count(bytes, std::byte{0x5a}) == static_cast<std::ptrdiff_t>(bytes.size()));
    return bytes.size();
  };
  CHECK(kept_by({at - 8, top}) == KEPT_STACK_BYTES);
  CHECK(kept_by({at, at + 72}) == 72);
  CHECK(kept_by({at, at + 71}) == 64);
  const std::uint64_t of_page = whole_pages(at + 1) - at;
  CHECK(kept_by({}) == of_page);
  CHECK(kept_by({at + 8, top}) == of_page);
  CHECK(kept_by({at - 4096, at}) == of_page);
}

TEST_CASE("a call that is being made is seen once, and is not made any more when it is abandoned") {
  Shared shared;
  const StubPage page(shared);
  EmulatedThread thread;
  shared.region->blocks().bind(thread.pointer(), ::gettid());
  arch::Registers from{};
  from.fs_base = thread.pointer(), from.rsp = thread.stack();
  from.cs = 0x33;
  int seen = 0;
  const auto look = [&](bool shown) {
    shared.region->take_open_system_calls(~std::uint64_t{0}, [&](StubRecord& record) {
      ++seen;
      CHECK(record.return_address == static_cast<std::uint64_t>(kCall));
      CHECK(record.arg0 == 900);
      return shown;
    });
  };
  look(true);
  CHECK(seen == 0);
  auto now = rest_of(page, shared, page.entering(from, kCall, 0));
  look(false);
  look(true);
  look(true);
  CHECK(seen == 2);
  now = rest_of(page, shared, arch::after_call(now, 7));
  look(true);
  CHECK(seen == 2);
  CHECK(records_of(shared).size() == 1);

  rest_of(page, shared, page.entering(from, kCall, 0));
  CHECK_FALSE(shared.region->abandon_system_call(thread.pointer(), ::gettid()));
  CHECK_FALSE(shared.region->open_system_call(thread.pointer(), ::gettid()));
  rest_of(page, shared, page.entering(from, kCall, 0));
  look(true);
  CHECK(shared.region->abandon_system_call(thread.pointer(), ::gettid()));
  CHECK_FALSE(shared.region->open_system_call(thread.pointer(), ::gettid()));
  CHECK(records_of(shared).empty());
}
