// The stubs of a program that was attached to make and record its calls, with all registers the program's own while a
// call is made, and, wherever a thread in them is stopped, executing the rest for it brings it out with everything as
// the instruction leaves it. Where they cannot record they make the call all the same. They run in a child, step by
// step.
#include "arch/attached_stub.hpp"

#include <sys/mman.h>

#include "engines/inline/region/block_layout.hpp"
#include "support/emulated_stubs.hpp"
#include "support/stepped_child.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::size_t kBytes = 8 * 4096, kTable = 2 * 4096, kSite = 4 * 4096, kBehind = 7 * 4096;
constexpr std::int64_t kCalled = SYS_dup2;

/// One site, and the stubs of kCalled for a region, both of which a child of ours has too.
class AttachedCode {
 public:
  explicit AttachedCode(Shared& shared, const arch::CopyPlan& copies = {},
                        arch::CopiedCalls copied = arch::CopiedCalls::none)
      : code_(static_cast<std::byte*>(
            ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    BlockLayout layout(RecordSize::values, 0);
    std::vector<std::size_t> blocks;
    while (blocks.size() < 4) blocks.push_back(layout.add(SIZE_MAX)->offset);
    const auto back = put(arch::make_return_from_gate(shared.address()));
    gates_ = put(arch::make_gates(address(used_), blocks, back));
    const auto unrecorded = put(arch::make_unrecorded_stub());
    const auto stub = put(
        arch::make_attached_stub(kCalled, {shared.address(), shared.address() + REGION_INDEX, gates_}, copies, copied));
    record_stub_ = stub;
    REQUIRE(used_ <= kTable);
    std::array<std::uint64_t, arch::kRecordedNumbers> table;
    table.fill(unrecorded);
    table[kCalled] = stub + arch::attached_stub_entry();
    std::memcpy(code_ + kTable, table.data(), sizeof table);
    const auto site = arch::make_recorded_site(address(kBehind), address(kTable));
    REQUIRE(site.size() == arch::recorded_site_bytes());
    std::memcpy(code_ + kSite, site.data(), site.size());
  }
  ~AttachedCode() { ::munmap(code_, kBytes); }
  AttachedCode(const AttachedCode&) = delete;
  AttachedCode& operator=(const AttachedCode&) = delete;

  std::uint64_t address(std::size_t offset) const { return reinterpret_cast<std::uint64_t>(code_) + offset; }
  bool contains(std::uint64_t at) const { return at >= address(0) && at < address(kBehind); }
  bool in_gate(std::uint64_t at) const { return at >= gates_ && at < gates_ + 4 * arch::kGateBytes; }
  bool in_site(std::uint64_t at) const { return at >= address(kSite) && at < address(kBehind); }
  /// Of a thread that has stopped for a fault.
  std::optional<arch::Registers> without_copy(const arch::Registers& registers) const {
    return arch::without_late_copy(registers, registers.rip - record_stub_);
  }
  /// Of a thread that comes in with that call.
  arch::Registers entering(arch::Registers from, std::int64_t nr, std::uint64_t flags) const {
    auto registers =
        arch::for_system_call(from, address(kSite) + arch::recorded_site_entry(), nr, {900, 7, 3, 4, 5, 6});
    registers.eflags = (registers.eflags & ~kStatusFlags) | flags;
    registers.rbx = 0xb0b, registers.rbp = 0xb0b0;
    return registers;
  }

 private:
  std::uint64_t put(const std::vector<std::byte>& bytes) {
    std::memcpy(code_ + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
    return address(used_ - bytes.size());
  }

  std::byte* code_;
  std::size_t used_ = 0;
  std::uint64_t gates_ = 0;
  std::uint64_t record_stub_ = 0;
};

/// The rest, up to the call or out of the stubs. It has no registers that it could not execute.
arch::Registers rest_of(const AttachedCode& code, Shared& shared, const arch::Registers& from, int most = 1000) {
  OwnMemory memory(shared);
  arch::StubEmulator emulator(from, memory);
  for (int step = 0; step < most && code.contains(emulator.registers().rip); ++step) {
    const auto outcome = emulator.step();
    if (outcome == arch::StubEmulator::Outcome::system_call) break;
    if (outcome == arch::StubEmulator::Outcome::next) continue;
    const auto without = code.without_copy(emulator.registers());
    REQUIRE(without);
    emulator.registers() = *without;
  }
  return emulator.registers();
}

/// All that a call leaves alone.
void check_unchanged(const arch::Registers& now, const arch::Registers& before, std::uint64_t flags) {
  check_same(now, before, flags);
  CHECK(now.rbx == before.rbx);
}

std::uint64_t busy(Shared& shared, std::uint64_t pointer) {
  return shared.at<std::uint64_t>(shared.block_of(pointer) + BLOCK_CALL_BUSY);
}

/// With a block, and one without.
struct Emulated {
  explicit Emulated(Shared& shared, bool has_block = true) {
    if (has_block) shared.region->blocks().bind(thread.pointer(), ::gettid());
    from.fs_base = thread.pointer(), from.rsp = thread.stack();
    from.cs = 0x33;
  }
  EmulatedThread thread;
  arch::Registers from{};
};

/// It is about to be made where it stands in the site's own stub, as it came.
void check_plain(const AttachedCode& code, Shared& shared, const arch::Registers& before, std::uint64_t flags) {
  const auto now = rest_of(code, shared, before);
  CHECK(code.in_site(now.rip));
  CHECK(now.rax == before.rax);
  check_unchanged(now, before, flags);
  const auto out = rest_of(code, shared, arch::after_call(now, 7));
  CHECK(out.rip == code.address(kBehind));
  CHECK(out.rcx == code.address(kBehind));
  CHECK(out.rax == 7);
  check_unchanged(out, before, flags);
  CHECK(drained(shared).empty());
}

}  // namespace

TEST_CASE("an attached stub records one call and leaves everything as the instruction does") {
  Shared shared;
  shared.region->blocks().bind(own_thread_pointer(), ::gettid());
  const AttachedCode code(shared);
  const SteppedChild child;
  for (const std::uint64_t flags : {std::uint64_t{0}, std::uint64_t{0x800}, std::uint64_t{0x41}, kStatusFlags}) {
    const auto before = code.entering(child.first, kCalled, flags);
    child.begin(before);
    auto now = before;
    bool made = false;
    int steps = 0, steps_behind = 0;
    for (; code.contains(now.rip) && steps < 300; ++steps) {
      if (code.in_gate(now.rip)) check_unchanged(now, before, flags);
      const auto out = rest_of(code, shared, now);
      check_unchanged(out, before, flags);
      if (made) {
        ++steps_behind;
        CHECK(out.rip == code.address(kBehind));
        CHECK(arch::return_value(out) == -EBADF);
        CHECK(out.rcx == code.address(kBehind));
        CHECK((out.r11 & kStatusFlags) == flags);
        CHECK(busy(shared, own_thread_pointer()) == 0);
      } else {
        CHECK(code.in_gate(out.rip));
        CHECK(arch::requested_call(out) == kCalled);
        CHECK(shared.region->open_system_call(own_thread_pointer(), ::gettid()));
        const std::uint64_t block = shared.block_of(own_thread_pointer());
        CHECK(arch::site_of_open_call(shared.at<std::uint64_t>(block + BLOCK_CALL_FLAGS)) == code.address(kSite));
        // It is the same block that the thread itself is to find free.
        if (!code.in_gate(now.rip)) shared.at<std::uint64_t>(block + BLOCK_CALL_BUSY) = 0;
      }
      const bool calls = code.in_gate(now.rip) && !made;
      now = child.step();
      made = made || calls;
    }
    CHECK(steps_behind > 10);
    CHECK(now.rip == code.address(kBehind));
    CHECK(arch::return_value(now) == -EBADF);
    CHECK((now.r11 & kStatusFlags) == flags);
    check_unchanged(now, before, flags);
    CHECK(busy(shared, own_thread_pointer()) == 0);
    const auto records = drained(shared);
    REQUIRE(records.size() == 1);
    CHECK(records[0].return_address == static_cast<std::uint64_t>(kCalled));
    CHECK(records[0].result == -EBADF);
    CHECK(std::array{records[0].arg0, records[0].arg1, records[0].arg2} == std::array<std::uint64_t, 3>{900, 7, 3});
    std::array<std::uint64_t, 4> late;
    std::memcpy(late.data(), records[0].value.data(), sizeof late);
    CHECK(late == std::array<std::uint64_t, 4>{4, 5, 6, code.address(kBehind)});
    CHECK(records[0].start < records[0].end);
    CHECK(records[0].tid == ::gettid());
  }
}

TEST_CASE("what an attached stub cannot record it makes where the program has come from") {
  for (const std::uint64_t flags : {std::uint64_t{0}, std::uint64_t{0x800}, kStatusFlags}) {
    Shared shared;
    const AttachedCode code(shared);
    Emulated without(shared, false);
    check_plain(code, shared, code.entering(without.from, kCalled, flags), flags);
    Emulated with(shared);
    check_plain(code, shared, code.entering(with.from, SYS_getppid, flags), flags);
    for (const std::int64_t nr : {512L, 100'000L, 0x1'0000'0000L, -1L})
      check_plain(code, shared, code.entering(with.from, nr, flags), flags);
    const std::uint64_t block = shared.block_of(with.thread.pointer());
    shared.at<std::uint64_t>(block + BLOCK_CALL_BUSY) = 1;
    check_plain(code, shared, code.entering(with.from, kCalled, flags), flags);
    CHECK(shared.at<std::uint64_t>(block + BLOCK_CALL_BUSY) == 1);
    shared.at<std::uint64_t>(block + BLOCK_CALL_BUSY) = 0;
    shared.at<std::uint32_t>(REGION_KEEPER) |= KEEPER_DIED;
    check_plain(code, shared, code.entering(with.from, kCalled, flags), flags);
    shared.at<std::uint32_t>(REGION_KEEPER) &= ~KEEPER_DIED;
    shared.at<std::uint32_t>(REGION_ORPHANED) = 1;
    check_plain(code, shared, code.entering(with.from, kCalled, flags), flags);
  }
}

TEST_CASE("calls of a program that was attached to wait for room as long as we live") {
  Shared shared;
  const AttachedCode code(shared);
  Emulated with(shared);
  const std::size_t block = shared.block_of(with.thread.pointer());
  const auto before = code.entering(with.from, kCalled, kStatusFlags);
  for (std::uint64_t made = 0; made < shared.room_of(block); ++made) {
    const auto now = rest_of(code, shared, before);
    REQUIRE(code.in_gate(now.rip));
    REQUIRE(rest_of(code, shared, arch::after_call(now, 7)).rip == code.address(kBehind));
  }
  const auto waiting = rest_of(code, shared, before);
  CHECK(code.contains(waiting.rip));
  CHECK_FALSE(code.in_gate(waiting.rip));
  CHECK_FALSE(code.in_site(waiting.rip));

  SECTION("there is some") {
    CHECK(drained(shared).size() == shared.room_of(block));
    CHECK(code.in_gate(rest_of(code, shared, waiting).rip));
  }
  SECTION("we die") {
    shared.at<std::uint32_t>(REGION_KEEPER) |= KEEPER_DIED;
    const auto now = rest_of(code, shared, waiting);
    CHECK(code.in_site(now.rip));
    check_unchanged(now, before, kStatusFlags);
    CHECK(busy(shared, with.thread.pointer()) == 0);
  }
  SECTION("another thread has given up") {
    shared.at<std::uint32_t>(REGION_ORPHANED) = 1;
    CHECK(code.in_site(rest_of(code, shared, waiting).rip));
    CHECK(shared.at<std::uint64_t>(REGION_LOST) == 1);
  }
}

TEST_CASE("an attached stub copies what a call has shown to be there, when it has come back") {
  arch::CopyPlan plan;
  plan.entry = {{RECORD_ARG1, 0, 16, 1, STEP_TO_NUL}};
  plan.exit = {{RECORD_ARG2, 0, 8, 1, STEP_ON_SUCCESS}};
  plan.most_bytes = RECORD_POINTEES + 2 * PIECE_BYTES + 24;
  const char given[] = "given";
  const std::uint64_t left = 0x6c65'6674;
  const auto address = [](const void* at) { return reinterpret_cast<std::uint64_t>(at); };
  const auto pieces_of = [&](std::int64_t result, arch::CopiedCalls copied, std::uint64_t text, bool dead = false) {
    Shared shared;
    const AttachedCode code(shared, plan, copied);
    Emulated with(shared);
    auto before = code.entering(with.from, kCalled, kStatusFlags);
    before.rsi = text, before.rdx = address(&left);
    const auto called = rest_of(code, shared, before);
    REQUIRE(code.in_gate(called.rip));
    check_unchanged(called, before, kStatusFlags);
    if (dead) shared.at<std::uint32_t>(REGION_KEEPER) |= KEEPER_DIED;
    const auto out = rest_of(code, shared, arch::after_call(called, result), 10'000);
    CHECK(out.rip == code.address(kBehind));
    CHECK(arch::return_value(out) == result);
    auto kept = before;
    check_unchanged(out, kept, kStatusFlags);
    const auto records = drained(shared);
    REQUIRE(records.size() == 1);
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at + PIECE_BYTES <= records[0].pointees.size();) {
      const std::uint64_t size = word_at(records[0].pointees.data(), at);
      pieces.emplace_back(reinterpret_cast<const char*>(records[0].pointees.data()) + at + PIECE_BYTES, size);
      at += PIECE_BYTES + (size + PIECE_BYTES - 1) / PIECE_BYTES * PIECE_BYTES;
    }
    return pieces;
  };
  using Pieces = std::vector<std::string>;
  using arch::CopiedCalls;
  const std::string text(given, sizeof given), result(reinterpret_cast<const char*>(&left), sizeof left);
  CHECK(pieces_of(7, CopiedCalls::succeeded, address(given)) == Pieces{text, result});
  CHECK(pieces_of(7, CopiedCalls::succeeded, 0) == Pieces{"", result});
  // It cannot be read, though the call did not mind.
  CHECK(pieces_of(7, CopiedCalls::succeeded, 16) == Pieces{"", result});
  CHECK(pieces_of(-ENOENT, CopiedCalls::succeeded, address(given)).empty());
  CHECK(pieces_of(-ENOENT, CopiedCalls::succeeded_or_looked, address(given)) == Pieces{text, ""});
  CHECK(pieces_of(-EFAULT, CopiedCalls::succeeded_or_looked, 16).empty());
  CHECK(pieces_of(-EBADF, CopiedCalls::succeeded_or_looked, address(given)).empty());
  CHECK(pieces_of(7, CopiedCalls::succeeded, 16, true).empty());
  // As many bytes as another argument says.
  plan.entry = {{RECORD_ARG1, RECORD_CALL_ARG3, 41, 1, 0}};
  CHECK(pieces_of(7, CopiedCalls::succeeded, address(given)) == Pieces{"give", result});
}
