// What record stubs copy is what the decoder reads: each call is decoded from live memory and from the record of a stub
// that is executed instruction by instruction.
#include "engines/syscalls/stubs/copy_plan.hpp"

#include <map>

#include "arch/call_stub.hpp"
#include "arch/stub_emulator.hpp"
#include "base/page.hpp"
#include "engines/inline/region/system_call_record.hpp"
#include "support/own_stubs.hpp"
#include "support/pointed_memory.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

constexpr std::uint64_t kRecordStub = 0x40'0000, kBack = 0x50'0000, kOthers = 0x60'0000, kLeave = 0x70'0000,
                        kUnsuited = 0x80'0000;
constexpr std::uint64_t kThread = 0x7f00'0000'0740, kStack = 0x7fff'0000;
constexpr pid_t kCaller = 18;

/// What a thread sees: the stub, the region that it shares with us, and what its pointers lead to.
class ProgramMemory final : public arch::EmulatedMemory {
 public:
  ProgramMemory(const std::vector<std::byte>& stub, Shared& shared, Piece& piece)
      : stub_(stub), shared_(shared), piece_(piece) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    if (address >= kRecordStub && address < kRecordStub + stub_.size()) {
      const auto from = std::span(stub_).subspan(address - kRecordStub);
      const std::size_t size = std::min(from.size(), into.size());
      std::ranges::copy(from.first(size), into.begin());
      return size;
    }
    const std::uint64_t offset = address - shared_.address();
    if (offset >= Shared::kMost) return piece_.read(address, into);
    std::memcpy(into.data(), &shared_.at<std::byte>(offset), into.size());
    return into.size();
  }
  bool write(std::uint64_t address, std::span<const std::byte> bytes) override {
    const std::uint64_t offset = address - shared_.address();
    if (offset >= Shared::kMost) return false;
    std::memcpy(&shared_.at<std::byte>(offset), bytes.data(), bytes.size());
    return true;
  }
  std::byte* shared(std::uint64_t address, std::size_t size) override { return shared_.region->shared(address, size); }

 private:
  const std::vector<std::byte>& stub_;
  Shared& shared_;
  Piece& piece_;
};

/// Up to a call, or out of the stub; what cannot be read is a fault, which we see.
arch::Registers run(const arch::Registers& from, ProgramMemory& memory) {
  arch::StubEmulator emulator(from, memory);
  for (int step = 0; step < 400'000; ++step) {
    const std::uint64_t at = emulator.registers().rip - kRecordStub;
    if (at >= arch::kRecordStubBytes) break;
    const auto outcome = emulator.step();
    if (outcome == arch::StubEmulator::Outcome::system_call) break;
    if (outcome == arch::StubEmulator::Outcome::next) continue;
    if (arch::waits_in_record_stub(at)) {
      emulator.registers() = arch::behind_wait(emulator.registers());
      continue;
    }
    const auto without = arch::without_copy(emulator.registers(), at);
    REQUIRE(without);
    emulator.registers() = *without;
  }
  return emulator.registers();
}

void check_arguments(const arch::Registers& registers, const Call& call) {
  const auto now = arch::system_call(registers);
  CHECK(registers.rax == static_cast<std::uint64_t>(call.nr));
  CHECK(now.args == call.args);
  CHECK(registers.rsp == kStack);
}

/// Every descriptor is a netlink socket's.
class NetlinkSockets final : public DescriptorTable {
 public:
  DescriptorFacts look_up(std::int32_t) override { return {}; }
  std::optional<std::uint16_t> netlink_protocol(std::int32_t) override { return 0; }
};

struct Texts {
  std::string live;
  std::string recorded;
};

/// One call as stops show it, and as its record does. Nothing if the stub leaves it to a stop.
std::optional<Texts> make_call(const PointeePlan& plan, const DecodeLimits& limits, const arch::CopyPlan& copies,
                               Shared& shared, const TscClock& clock, std::mt19937& random) {
  Piece piece(random);
  Call live = some_call(plan, random);
  const auto stub = arch::make_record_stub(
      {live.nr, shared.address() + REGION_INDEX, kBack, kBack, kOthers, kLeave, kUnsuited}, copies);
  ProgramMemory memory(stub, shared, piece);
  arch::Registers registers{};
  registers.cs = 0x33, registers.fs_base = kThread, registers.rsp = kStack, registers.rbx = 0xb0b;
  registers = arch::for_system_call(registers, kRecordStub + arch::call_stub_entry(), live.nr, live.args);
  registers = run(registers, memory);
  if (registers.rip == kUnsuited) {
    check_arguments(registers, live);
    CHECK(registers.rbx == 0xb0b);
    return std::nullopt;
  }
  REQUIRE(registers.rip - kRecordStub < stub.size());
  check_arguments(registers, live);
  NetlinkSockets sockets;
  capture_entry(live, piece, limits, &sockets);
  const auto begun = shared.region->open_system_call(kThread, kCaller);
  REQUIRE(begun);
  Call open;
  fill_open_system_call(open, *begun, clock);
  Texts texts{render_entry(live, limits).text + "\n", render_entry(open, limits).text + "\n"};

  piece.change(random);
  live.ending = Ending::returned;
  live.result = some_result(random);
  live.error = error_of(live.result);
  registers = run(arch::after_call(registers, live.result), memory);
  CHECK(registers.rip == kBack);
  CHECK(registers.rbx == 0xb0b);
  CHECK(arch::system_call(arch::for_system_call(registers, 0, 0, live.args)).args == live.args);
  CHECK(std::array{registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9} ==
        std::array<unsigned long long, 6>{live.args[0], live.args[1], live.args[2], live.args[3], live.args[4],
                                          live.args[5]});
  capture_exit(live, piece, limits, &sockets);
  auto records = drained(shared);
  REQUIRE(records.size() == 1);
  Call recorded;
  fill_system_call(recorded, records[0], clock);
  if (is_to_be_looked_at(records[0])) capture_exit(recorded, piece, limits, &sockets);
  texts.live += text_of(live, limits);
  texts.recorded += text_of(recorded, limits);
  return texts;
}

TEST_CASE("stubs copy all that the decoder reads, or leave the call to a stop", "[copy_plan][tables]") {
  std::mt19937 random(34);
  const RecordSize size = GENERATE(RecordSize::values, RecordSize::values_window);
  Shared shared(size, true, RECORD_MOST_BYTES);
  shared.region->blocks().bind(kThread, kCaller);
  const TscClock clock;
  std::size_t plans = 0;
  for (const PointeePlan& plan : all_pointee_plans()) {
    INFO(plan.name);
    bool made = false;
    for (int round = 0; round < 80; ++round) {
      const DecodeLimits limits = limits_of(round);
      auto copies = copy_plan(number_of(Abi::x86_64, plan.name), limits);
      if (!copies) continue;
      copies->record_log2 = static_cast<unsigned>(size);
      const auto texts = make_call(plan, limits, *copies, shared, clock, random);
      if (texts && texts->live != texts->recorded) FAIL_CHECK(texts->live << "\n" << texts->recorded);
      made = made || texts.has_value();
    }
    if (made) ++plans;
  }
  CHECK(plans > 150);
}

TEST_CASE("calls that another plan than that of a stub is for, or none, are not for the stub", "[copy_plan]") {
  const auto options = copy_plan(number_of(Abi::x86_64, "setsockopt"), {});
  REQUIRE(options);
  CHECK(options->case_of_others == 1);
  CHECK(options->further_case_word == RECORD_ARG2);
  for (const arch::CopyCase& one : options->cases) CHECK(one.number == CASE_UNSUITED);
  const auto requests = copy_plan(number_of(Abi::x86_64, "fcntl"), {});
  REQUIRE(requests);
  CHECK(requests->case_of_others == CASE_UNSUITED);
  CHECK(requests->further_case_word == 0);
}

TEST_CASE("plans that a stub cannot follow are none", "[copy_plan]") {
  const DecodeLimits limits;
  for (const std::string_view name : {"sendmmsg", "io_submit"}) {
    INFO(name);
    CHECK_FALSE(copy_plan(number_of(Abi::x86_64, name), limits));
  }
  CHECK_FALSE(copy_plan(-1, limits));
  const auto flat = copy_plan(number_of(Abi::x86_64, "lseek"), limits);
  REQUIRE(flat);
  CHECK((flat->entry.empty() && flat->exit.empty()));
  CHECK(flat->most_bytes == RECORD_POINTEES);
}

}  // namespace
TEST_CASE("behind a call is copied what it was given, but for what it has overwritten") {
  const auto of = [](std::string_view name) { return late_copy_plan(number_of(Abi::x86_64, name), {}); };
  using arch::CopiedCalls;
  CHECK(of("openat").copied == CopiedCalls::succeeded_or_looked);
  CHECK(of("rename").copied == CopiedCalls::succeeded_or_looked);
  CHECK(of("write").copied == CopiedCalls::succeeded);
  CHECK(of("getppid").copied == CopiedCalls::none);
  const auto length = of("getsockname").copies.entry;
  REQUIRE_FALSE(length.empty());
  CHECK(length.front().most == 0);
  CHECK(of("poll").copies.entry.front().most != 0);
  for (const PointeePlan& plan : all_pointee_plans()) {
    const LatePlan late = of(plan.name);
    for (const auto* steps : {&late.copies.entry, &late.copies.exit}) {
      for (const arch::CopyStep& step : *steps) CHECK_FALSE((step.flags & (STEP_CHECKS | STEP_DATA | STEP_FAMILY)));
    }
    for (const arch::CopyStep& step : late.copies.exit) CHECK((step.flags & STEP_ON_SUCCESS) != 0);
  }
}

}  // namespace vdsotrace
