// Stubs that wait for room while vdsotrace dies.
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <csignal>
#include <ctime>
#include <thread>
#include <vector>

#include "support/own_stubs.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

/// A region whose keeper is another process, which does nothing but wait for its end.
class KeptByOther {
 public:
  explicit KeptByOther(bool may_sleep)
      : fd_(static_cast<int>(::syscall(SYS_memfd_create, "stubs", MFD_ALLOW_SEALING))) {
    bytes_ = static_cast<std::byte*>(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0));
    REQUIRE(bytes_ != MAP_FAILED);
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    keeper_ = ::fork();
    if (keeper_ == 0) {
      auto memory = SharedMemory::of_descriptor(::getpid(), fd_, kSize, kSize);
      if (!memory) ::_exit(1);
      const StubRegion region(std::move(*memory), address(), kSize, may_sleep, RecordSize::values);
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
    ::munmap(bytes_, kSize);
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
  const std::size_t kSize = StubRegion::first_bytes(RecordSize::values);
  int fd_;
  std::byte* bytes_;
  pid_t keeper_ = 0;
};

TEST_CASE("who waits for room goes on as soon as vdsotrace has died", "[stubs_orphaned]") {
  if (!can_run()) return;
  const bool may_sleep = GENERATE(false, true);
  const bool fallback = GENERATE(false, true);
  CAPTURE(may_sleep, fallback);
  KeptByOther region(may_sleep);
  const Stub open = open_timed_stub(region.address(), StubShape::clocked);
  const Stub close = close_stub(StubKind::close_timespec, region.address());
  const Observed call(open, kFillTimespec, close);
  const Observed fall(open, number_of_call(SYS_getppid), close,
                      Fallback{StubKind::called, note_fallback_stub(region.address())});
  long naps = 0;
  const std::uint64_t room = std::uint64_t{region.at<std::uint32_t>(REGION_SHARED + BLOCK_LAST).load()} + 1;
  std::thread caller([&] {
    timespec out;
    for (std::uint64_t i = 0; i < room; ++i) call(1, reinterpret_cast<long>(&out));
    if (fallback) {
      fall();
    } else {
      call(1, reinterpret_cast<long>(&out));
    }
    rusage used{};
    ::getrusage(RUSAGE_THREAD, &used);
    naps = used.ru_nvcsw;  // none where it may not sleep: it then waits in a loop
  });
  const auto head = region.at<std::uint64_t>(REGION_SHARED + BLOCK_HEAD);
  while (head.load() != room + 1) std::this_thread::yield();
  CHECK(region.at<std::uint32_t>(REGION_ORPHANED).load() == 0);
  region.kill_keeper();
  caller.join();
  // Without the mark it would take all of its PATIENCE, 1,000 naps.
  CHECK(naps < 500);
  CHECK(region.at<std::uint32_t>(REGION_KEEPER).load() == KEEPER_DIED);
  CHECK(region.at<std::uint32_t>(REGION_ORPHANED).load() == 1);
  CHECK(region.at<std::uint64_t>(REGION_LOST).load() == 1);
}

TEST_CASE("marks come and go in any order", "[stubs_orphaned]") {
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

}  // namespace
}  // namespace vdsotrace
