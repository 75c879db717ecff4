// Stubs that make system calls: written where a call first needs one, and known by their addresses.
#include "engines/syscalls/stubs/call_stubs.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "support/scripted_stop.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kStubMemory = 0x6000'0000'0000, kCalledFrom = kCode + 0x10, kGoesOnAt = kCode + 0x12;

std::shared_ptr<CallCounters> counters_at(std::uint64_t address) {
  const UniqueFd fd(::memfd_create("vdsotrace-test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  auto shared = SharedMemory::of_descriptor(::getpid(), fd.get(), CallCounters::kBytes, CallCounters::kBytes);
  REQUIRE(shared);
  return std::make_shared<CallCounters>(std::move(*shared), address, kTid);
}

Needs counting() {
  Needs needs;
  needs.inline_calls = true;
  needs.each_call = false;
  return needs;
}

/// A program in which such memory is mapped.
struct Stubbed : StoppedTask {
  Stubbed() { task.memory->regions[memory.start] = std::vector<std::byte>(memory.bytes()); }
  std::optional<std::uint32_t> place_for(std::int64_t nr) {
    return stubs.place_for(kTid, {kCalledFrom, nr}, std::nullopt, kGoesOnAt);
  }
  arch::CallStubWords words_of(std::uint32_t place) {
    return stopped.memory().object<arch::CallStubWords>(memory.stub(place)).value();
  }

  const CallMemory memory{kStubMemory, kStubMemory + CallMemory{}.bytes()};
  const StubChoice choice{counting()};
  CallStubs stubs{memory, counters_at(kStubMemory), choice, 0};
};

}  // namespace

TEST_CASE("a call's stub is written once, and is that of its number and site") {
  Stubbed stubbed;
  const auto place = stubbed.place_for(SYS_getppid);
  REQUIRE(place);
  CHECK(stubbed.words_of(*place).number == -SYS_getppid);  // as the stub adds it
  CHECK(stubbed.words_of(*place).counters == stubbed.stubs.counters().address(*place));
  CHECK(stubbed.words_of(*place).resume == kGoesOnAt);
  const auto other = stubbed.place_for(SYS_getpid);
  REQUIRE(other);
  CHECK(*other != *place);
  // What is there already is not written again.
  stubbed.task.memory->regions[kStubMemory] = std::vector<std::byte>(stubbed.memory.bytes());
  CHECK(stubbed.place_for(SYS_getppid) == place);
  CHECK(stubbed.words_of(*place).number == 0);
}

TEST_CASE("calls about different clocks have stubs of their own") {
  Stubbed stubbed;
  CHECK(stubbed.stubs.count_by_clock(SYS_clock_gettime));
  CHECK(stubbed.stubs.count_by_clock(SYS_clock_getres));
  CHECK_FALSE(stubbed.stubs.count_by_clock(SYS_gettimeofday));
  const auto about = [&](std::uint32_t clock) {
    return stubbed.stubs.place_for(kTid, {kCalledFrom, SYS_clock_gettime, clock}, std::nullopt, kGoesOnAt);
  };
  const auto one = about(0), other = about(1);
  REQUIRE((one && other));
  CHECK(*one != *other);
  CHECK(about(1) == other);
  CHECK(stubbed.stubs.entry_of(*one) == stubbed.memory.stub(*one) + arch::call_stub_clock_entry());
}

TEST_CASE("a stub that cannot be written has no place") {
  Stubbed stubbed;
  stubbed.task.memory->regions.erase(kStubMemory);
  CHECK_FALSE(stubbed.place_for(SYS_getppid));
}

TEST_CASE("stubs that are written at once are as those written one by one") {
  const std::array<CallStubs::Wanted, 2> wanted{{{{kCalledFrom, SYS_getppid}, std::nullopt, kGoesOnAt},
                                                 {{kCalledFrom + 2, SYS_getpid}, std::nullopt, kGoesOnAt + 2}}};
  std::array<std::vector<std::byte>, 2> written;
  for (const bool at_once : {false, true}) {
    Stubbed stubbed;
    const auto places = at_once ? stubbed.stubs.places_for(kTid, wanted) : std::vector<std::uint32_t>{1, 2};
    for (const CallStubs::Wanted& one : wanted) {
      if (!at_once) CHECK(stubbed.stubs.place_for(kTid, one.call, one.route, one.resume));
    }
    REQUIRE(places.size() == wanted.size());
    CHECK(stubbed.words_of(places[1]).resume == kGoesOnAt + 2);
    written[at_once ? 1 : 0] = stubbed.task.memory->regions[kStubMemory];
  }
  CHECK(written[0] == written[1]);
}

TEST_CASE("of stubs that could not be written at once none has a place, until they can") {
  Stubbed stubbed;
  const std::array<CallStubs::Wanted, 1> wanted{{{{kCalledFrom, SYS_getppid}, std::nullopt, kGoesOnAt}}};
  stubbed.task.memory->regions.erase(kStubMemory);
  CHECK(stubbed.stubs.places_for(kTid, wanted).empty());
  stubbed.task.memory->regions[kStubMemory] = std::vector<std::byte>(stubbed.memory.bytes());
  const auto places = stubbed.stubs.places_for(kTid, wanted);
  REQUIRE(places.size() == 1);
  CHECK(stubbed.words_of(places[0]).resume == kGoesOnAt);
}

TEST_CASE("an address in a stub says the call, unless none has been asked for there") {
  Stubbed stubbed;
  const auto place = stubbed.place_for(SYS_getppid);
  REQUIRE(place);
  const auto call_at = [&](std::uint64_t address) {
    return stubbed.stubs.call_of(*stubbed.memory.position_of(address));
  };
  for (const std::uint64_t address : {stubbed.memory.stub(*place) + 1, stubbed.memory.leave_stub(*place)}) {
    REQUIRE(call_at(address) != nullptr);
    CHECK(call_at(address)->nr == SYS_getppid);
    CHECK(call_at(address)->site == kCalledFrom);
  }
  CHECK(call_at(stubbed.memory.system_call()) == nullptr);
  CHECK(call_at(stubbed.memory.stub(*place + 1)) == nullptr);
  CHECK_FALSE(stubbed.stubs.records_at(stubbed.memory.stub(*place)));
  CHECK_FALSE(stubbed.stubs.waits_behind_call(stubbed.memory.stub(*place)));
}

TEST_CASE("all stubs of a site are told where the program goes on, no others") {
  Stubbed stubbed;
  const auto one = stubbed.place_for(SYS_getppid), two = stubbed.place_for(SYS_getpid);
  const auto elsewhere = stubbed.stubs.place_for(kTid, {kCalledFrom + 2, SYS_getppid}, std::nullopt, kGoesOnAt);
  REQUIRE((one && two && elsewhere));
  CHECK(stubbed.stubs.set_resume(kTid, kCalledFrom, 0x1234));
  CHECK(stubbed.words_of(*one).resume == 0x1234);
  CHECK(stubbed.words_of(*two).resume == 0x1234);
  CHECK(stubbed.words_of(*elsewhere).resume == kGoesOnAt);
  stubbed.task.memory->regions.erase(kStubMemory);
  CHECK_FALSE(stubbed.stubs.set_resume(kTid, kCalledFrom, kGoesOnAt));
}

TEST_CASE("calls of other numbers are led on to the way out only where nobody runs, or it is so already") {
  Stubbed stubbed;
  const auto place = stubbed.place_for(SYS_getppid);
  REQUIRE(place);
  const std::uint64_t leave = stubbed.words_of(*place).others;
  CHECK(stubbed.stubs.lead_to_leave(kTid, *place, Others::running));
  const CodeWrite astray = word_write(stubbed.memory.stub(*place) + arch::kCallStubOthers, 0x1234);
  stubbed.task.memory->write(astray.address, astray.bytes);
  CHECK_FALSE(stubbed.stubs.lead_to_leave(kTid, *place, Others::running));
  CHECK(stubbed.words_of(*place).others == 0x1234);
  CHECK(stubbed.stubs.lead_to_leave(kTid, *place, Others::stopped));
  CHECK(stubbed.words_of(*place).others == leave);
}

TEST_CASE("a copy writes again what had not been copied") {
  Stubbed stubbed;
  const auto one = stubbed.place_for(SYS_getppid), two = stubbed.place_for(SYS_getpid);
  REQUIRE((one && two));
  const CodeWrite none = word_write(stubbed.memory.stub(*two) + offsetof(arch::CallStubWords, counters), 0);
  stubbed.task.memory->write(none.address, none.bytes);
  CallStubs copy = stubbed.stubs;
  copy.look_at_copy(kTid);
  CHECK(copy.place_for(kTid, {kCalledFrom, SYS_getppid}, std::nullopt, 0x1234) == one);
  CHECK(stubbed.words_of(*one).resume == kGoesOnAt);
  CHECK(copy.place_for(kTid, {kCalledFrom, SYS_getpid}, std::nullopt, 0x1234) == two);
  CHECK(stubbed.words_of(*two).resume == 0x1234);
}
