// A call stub makes and counts one call, and wherever a thread in it is stopped, it can be put back behind the call
// with everything as the instruction leaves it. The stub runs in a child, step by step.
#include "arch/call_stub.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>

#include "base/page.hpp"
#include "support/catch.hpp"
#include "support/stepped_child.hpp"

using namespace vdsotrace;
using testing::kStatusFlags;

namespace {

constexpr std::size_t kCounters = 1024, kBack = 2048, kOthers = 3072;

/// A child that stands in a page which it shares with us.
class StubChild {
 public:
  explicit StubChild(std::int64_t nr, std::uint32_t clock = 0)
      : page_(static_cast<std::byte*>(
            ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    const auto stub =
        arch::make_call_stub({nr, address(kCounters), address(kBack), address(kBack), address(kOthers)}, clock);
    std::memcpy(page_, stub.data(), stub.size());
  }
  ~StubChild() {
    child_.reset();
    ::munmap(page_, kPage);
  }

  std::uint64_t address(std::size_t offset) const { return reinterpret_cast<std::uint64_t>(page_) + offset; }
  std::array<std::uint64_t, 2> counters() const {
    std::array<std::uint64_t, 2> now;
    std::memcpy(now.data(), page_ + kCounters, sizeof now);
    return now;
  }
  /// From the stub's entry on.
  arch::Registers begin(std::int64_t nr, std::uint64_t argument, std::uint64_t flags) {
    return begin_at(arch::call_stub_entry(), nr, {argument}, flags);
  }
  arch::Registers begin_at(std::size_t entry, std::int64_t nr, const std::array<std::uint64_t, 6>& args,
                           std::uint64_t flags) {
    std::memset(page_ + kCounters, 0, sizeof(std::array<std::uint64_t, 2>));
    auto registers = arch::for_system_call(child_->first, address(entry), nr, args);
    registers.eflags = (registers.eflags & ~kStatusFlags) | flags;
    child_->begin(registers);
    return registers;
  }
  arch::Registers step() const { return child_->step(); }

 private:
  std::byte* page_;
  std::optional<testing::SteppedChild> child_{std::in_place};  ///< it has the memory, too
};

/// The thread as it is behind the call, its flags and registers, and what has been counted, wherever it is looked at.
void check_behind_call(const StubChild& child, const arch::Registers& now, std::int64_t result, std::uint64_t flags) {
  const auto progress = arch::progress_in_call_stub(now, arch::program_counter(now) - child.address(0));
  const bool failed = arch::is_failure(result);
  CHECK(progress.result == result);
  const auto counters = child.counters();
  CHECK(counters[0] + (progress.counted ? 0 : 1) == 1);
  CHECK(counters[1] + (failed && !progress.error_counted ? 1 : 0) == (failed ? 1 : 0));
  const auto behind = arch::behind_call(now, progress.result, child.address(kBack));
  CHECK(arch::program_counter(behind) == child.address(kBack));
  CHECK(behind.rcx == child.address(kBack));
  CHECK(arch::return_value(behind) == result);
  CHECK((behind.eflags & kStatusFlags) == flags);
}

bool is_outside(const StubChild& child, const arch::Registers& registers) {
  return arch::program_counter(registers) >= child.address(kBack);
}

}  // namespace

TEST_CASE("a call stub counts one call and leaves everything as the instruction does") {
  struct Case {
    std::int64_t nr;
    std::uint64_t argument;
    std::int64_t result;
  };
  for (const Case& made : {Case{SYS_close, 9999, -EBADF}, Case{SYS_getppid, 0, ::getpid()}}) {
    StubChild child(made.nr);
    for (const std::uint64_t flags : {std::uint64_t{0}, std::uint64_t{0x800}, std::uint64_t{0x41}, kStatusFlags}) {
      auto now = child.begin(made.nr, made.argument, flags);
      int steps_behind = 0;
      for (int step = 0; arch::program_counter(now) != child.address(kBack) && step < 100; ++step) {
        if (arch::progress_in_call_stub(now, arch::program_counter(now) - child.address(0)).made) {
          ++steps_behind;
          check_behind_call(child, now, made.result, flags);
        } else {
          CHECK(arch::requested_call(now) == made.nr);
          CHECK((now.eflags & kStatusFlags) == flags);
        }
        now = child.step();
      }
      CHECK(steps_behind > 10);
      CHECK(arch::program_counter(now) == child.address(kBack));
      CHECK(now.rcx == child.address(kBack));
      CHECK(arch::return_value(now) == made.result);
      CHECK((now.eflags & kStatusFlags) == flags);
      CHECK(child.counters() == std::array<std::uint64_t, 2>{1, arch::is_failure(made.result) ? 1u : 0u});
    }
  }
}

TEST_CASE("where queries come in, calls that change something go elsewhere") {
  StubChild child(SYS_rt_sigaction);
  struct Case {
    std::int64_t nr;
    std::uint64_t action;
    std::size_t end;
  };
  for (const Case& made : {Case{SYS_rt_sigaction, 0, kBack}, Case{SYS_rt_sigaction, child.address(0), kOthers},
                           Case{SYS_getppid, 0, kOthers}, Case{SYS_getppid, 1, kOthers}}) {
    auto now = child.begin_at(arch::call_stub_query_entry(), made.nr, {SIGUSR1, made.action, 0, 8}, kStatusFlags);
    for (int step = 0; !is_outside(child, now) && step < 100; ++step) now = child.step();
    CHECK(arch::program_counter(now) == child.address(made.end));
    CHECK((now.eflags & kStatusFlags) == kStatusFlags);
    CHECK(child.counters() == std::array<std::uint64_t, 2>{made.end == kBack ? 1u : 0u, 0});
    if (made.end == kOthers) CHECK(arch::return_value(now) == made.nr);
  }
}

TEST_CASE("a call of another number goes elsewhere and is not counted") {
  StubChild child(SYS_close);
  auto now = child.begin(SYS_getppid, 0, kStatusFlags);
  for (int step = 0; arch::program_counter(now) != child.address(kOthers) && step < 10; ++step) now = child.step();
  CHECK(arch::program_counter(now) == child.address(kOthers));
  CHECK(arch::requested_call(now) == SYS_getppid);
  CHECK((now.eflags & kStatusFlags) == kStatusFlags);
  CHECK(child.counters() == std::array<std::uint64_t, 2>{0, 0});
}

TEST_CASE("where calls about a clock come in, those about others go elsewhere") {
  StubChild child(SYS_clock_getres, CLOCK_BOOTTIME);
  struct Case {
    std::int64_t nr;
    std::uint64_t clock;
    std::size_t end;
  };
  constexpr std::uint64_t kIgnored = std::uint64_t{1} << 32;
  for (const Case& made :
       {Case{SYS_clock_getres, CLOCK_BOOTTIME, kBack}, Case{SYS_clock_getres, CLOCK_BOOTTIME | kIgnored, kBack},
        Case{SYS_clock_getres, CLOCK_REALTIME, kOthers}, Case{SYS_clock_getres, ~0u, kOthers},
        Case{SYS_getppid, CLOCK_BOOTTIME, kOthers}}) {
    auto now = child.begin_at(arch::call_stub_clock_entry(), made.nr, {made.clock, 0}, kStatusFlags);
    for (int step = 0; !is_outside(child, now) && step < 100; ++step) {
      const auto progress = arch::progress_in_call_stub(now, arch::program_counter(now) - child.address(0));
      if (!progress.made) CHECK(arch::requested_call(now) == made.nr);
      now = child.step();
    }
    CHECK(arch::program_counter(now) == child.address(made.end));
    CHECK((now.eflags & kStatusFlags) == kStatusFlags);
    CHECK(child.counters() == std::array<std::uint64_t, 2>{made.end == kBack ? 1u : 0u, 0});
  }
}
