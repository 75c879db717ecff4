// A site stub makes calls, counts them by their numbers, and wherever a thread in it is stopped, it can be put back
// behind the call with everything as the instruction leaves it. The stub runs in a child, step by step.
#include "arch/site_stub.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "arch/call_stub.hpp"
#include "base/page.hpp"
#include "support/catch.hpp"
#include "support/stepped_child.hpp"

using namespace vdsotrace;

namespace {

constexpr std::size_t kStubAt = 4 * kPage, kPairsAt = 0, kBehindAt = 3 * kPage, kMappedBytes = 8 * kPage;
constexpr std::uint64_t kSumFlags = 0x8d5;
constexpr std::int64_t kUncountedCall = SYS_getuid;

using CountedPair = std::array<std::uint64_t, 2>;

/// A child that stands in memory which it shares with us.
class SiteStubChild {
 public:
  explicit SiteStubChild(arch::StubNumber number)
      : number_(number),
        memory_(static_cast<std::byte*>(
            ::mmap(nullptr, kMappedBytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    const auto counters = [this](std::int64_t nr) {
      return nr == kUncountedCall ? 0 : address(kPairsAt) + static_cast<std::uint64_t>(nr) * sizeof(CountedPair);
    };
    const auto stub = arch::make_site_stub(number, address(kStubAt), address(kBehindAt), counters);
    REQUIRE(stub.size() == arch::site_stub_bytes(number));
    REQUIRE(stub.size() <= kMappedBytes - kStubAt);
    std::memcpy(memory_ + kStubAt, stub.data(), stub.size());
  }
  ~SiteStubChild() {
    child_.reset();
    ::munmap(memory_, kMappedBytes);
  }
  SiteStubChild(const SiteStubChild&) = delete;
  SiteStubChild& operator=(const SiteStubChild&) = delete;

  std::uint64_t address(std::size_t offset) const { return reinterpret_cast<std::uint64_t>(memory_) + offset; }
  CountedPair counters(std::int64_t nr) const {
    CountedPair now;
    std::memcpy(now.data(), memory_ + kPairsAt + static_cast<std::size_t>(nr) * sizeof now, sizeof now);
    return now;
  }
  std::uint64_t counted_in_all() const {
    std::uint64_t all = 0;
    for (std::int64_t nr = 0; nr < static_cast<std::int64_t>(arch::kCountedNumbers); ++nr) all += counters(nr)[0];
    return all;
  }
  arch::SiteStubProgress progress(const arch::Registers& now) const {
    return arch::progress_in_site_stub(number_, now, arch::program_counter(now) - address(kStubAt), address(kPairsAt));
  }
  /// From the stub's entry on.
  arch::Registers begin(std::int64_t nr, std::uint64_t argument, std::uint64_t flags) {
    std::memset(memory_ + kPairsAt, 0, arch::kCountedNumbers * sizeof(CountedPair));
    auto registers =
        arch::for_system_call(child_->first, address(kStubAt) + arch::site_stub_entry(number_), nr, {argument});
    registers.eflags = (registers.eflags & ~kSumFlags) | flags;
    child_->begin(registers);
    return registers;
  }
  arch::Registers step() const { return child_->step(); }

 private:
  arch::StubNumber number_;
  std::byte* memory_;
  std::optional<testing::SteppedChild> child_{std::in_place};  ///< it has the memory, too
};

/// The thread as it is behind the call, and what has been counted, wherever it is looked at.
void check_behind(const SiteStubChild& child, const arch::Registers& now, std::int64_t nr, std::int64_t result,
                  std::uint64_t flags, bool counted) {
  const auto progress = child.progress(now);
  CHECK(progress.result == result);
  CHECK((!progress.uncounted_call || *progress.uncounted_call == nr));
  CHECK((!progress.uncounted_failure || *progress.uncounted_failure == nr));
  const CountedPair pair = child.counters(nr);
  CHECK(pair[0] + (progress.uncounted_call ? 1 : 0) == (counted ? 1u : 0u));
  CHECK(pair[1] + (progress.uncounted_failure ? 1 : 0) == (counted && arch::is_failure(result) ? 1u : 0u));
  const auto behind = arch::behind_call(now, progress.result, child.address(kBehindAt));
  CHECK(arch::return_value(behind) == result);
  CHECK((behind.eflags & kSumFlags) == flags);
}

void check_call(SiteStubChild& child, std::int64_t nr, std::uint64_t argument, std::int64_t result, bool counted) {
  for (const std::uint64_t flags : {std::uint64_t{0}, std::uint64_t{0x800}, std::uint64_t{0x41}, kSumFlags}) {
    auto now = child.begin(nr, argument, flags);
    int steps_behind = 0;
    for (int step = 0; arch::program_counter(now) != child.address(kBehindAt) && step < 100; ++step) {
      if (child.progress(now).made) {
        ++steps_behind;
        check_behind(child, now, nr, result, flags, counted);
      } else {
        CHECK(arch::requested_call(now) == nr);
        CHECK((now.eflags & kSumFlags) == flags);
      }
      now = child.step();
    }
    CHECK(steps_behind >= (counted ? 10 : 2));
    CHECK(arch::program_counter(now) == child.address(kBehindAt));
    CHECK(now.rcx == child.address(kBehindAt));
    CHECK(arch::return_value(now) == result);
    CHECK((now.eflags & kSumFlags) == flags);
    CHECK(child.counters(nr) == CountedPair{counted ? 1u : 0u, counted && arch::is_failure(result) ? 1u : 0u});
    CHECK(child.counted_in_all() == (counted ? 1u : 0u));
  }
}

}  // namespace

TEST_CASE("a site stub of one number counts its calls and no others", "[site_stub]") {
  SiteStubChild child(SYS_close);
  check_call(child, SYS_close, 9999, -EBADF, true);
  check_call(child, SYS_getppid, 0, ::getpid(), false);
  // Nothing is left to be restarted.
  check_call(child, SYS_restart_syscall, 0, -EINTR, true);
}

TEST_CASE("a site stub with a table counts calls by their numbers", "[site_stub]") {
  SiteStubChild child(std::nullopt);
  check_call(child, SYS_close, 9999, -EBADF, true);
  check_call(child, SYS_getppid, 0, ::getpid(), true);
  check_call(child, SYS_restart_syscall, 0, -EINTR, true);
  check_call(child, SYS_read, 9999, -EBADF, true);
  check_call(child, 511, 0, -ENOSYS, true);
  check_call(child, SYS_openat2, 9999, -EINVAL, true);
}

TEST_CASE("a site stub with a table makes calls of other numbers all the same", "[site_stub]") {
  SiteStubChild child(std::nullopt);
  check_call(child, kUncountedCall, 0, ::getuid(), false);
  for (const std::int64_t nr : {std::int64_t{512}, std::int64_t{700}, std::int64_t{-1}}) {
    auto now = child.begin(nr, 0, kSumFlags);
    for (int step = 0; arch::program_counter(now) != child.address(kBehindAt) && step < 20; ++step) now = child.step();
    CHECK(arch::program_counter(now) == child.address(kBehindAt));
    CHECK(arch::return_value(now) == -ENOSYS);
    CHECK((now.eflags & kSumFlags) == kSumFlags);
    CHECK(child.counted_in_all() == 0);
  }
}
