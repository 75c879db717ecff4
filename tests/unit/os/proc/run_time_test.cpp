#include "os/proc/run_time.hpp"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <thread>

#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

constexpr std::int64_t kWork = 20'000'000;

void work_until(std::int64_t ns) {
  RunTime own;
  while (own.of(::gettid()).value_or(ns) < ns) {}
}

/// A thread that has done more than kWork, and waits.
class Worker {
 public:
  Worker() { done_.wait(false); }
  ~Worker() {
    over_ = true;
    over_.notify_one();
    thread_.join();
  }
  pid_t tid() const { return tid_; }

 private:
  std::atomic<bool> done_ = false, over_ = false;
  pid_t tid_ = 0;
  std::thread thread_{[this] {
    tid_ = ::gettid();
    work_until(kWork);
    done_ = true;
    done_.notify_one();
    over_.wait(false);
  }};
};

}  // namespace

TEST_CASE("a thread's run time is its own") {
  if (!run_times_are_known()) return;
  RunTime own;
  const auto before = own.of(::gettid());
  REQUIRE(before);
  const Worker worker;
  CHECK(RunTime().of(worker.tid()).value_or(0) >= kWork);
  CHECK(own.of(::gettid()).value_or(kWork) - *before < kWork);
}

TEST_CASE("a run time goes on, and is that of the number's next thread") {
  if (!run_times_are_known()) return;
  RunTime time;
  REQUIRE(time.of(::gettid()));
  work_until(*time.of(::gettid()) + kWork);
  CHECK(time.of(::gettid()).value_or(0) >= kWork);
  RunTime another;
  {
    const Worker worker;
    CHECK(another.of(worker.tid()));
  }
  CHECK_FALSE(another.of(-1));
  CHECK(another.of(::gettid()));
}

TEST_CASE("run times of many threads leave descriptors to others") {
  if (!run_times_are_known()) return;
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const Worker first, second;
  RunTimes times(1);
  const auto before = open_files();
  for (int round = 0; round < 2; ++round) {
    CHECK(times.of(first.tid()).value_or(0) >= kWork);
    CHECK(times.of(second.tid()).value_or(0) >= kWork);
    CHECK(open_files() == before + 1);
  }
  times.forget(first.tid());
  CHECK(open_files() == before);
  CHECK(times.of(second.tid()));
  CHECK(open_files() == before + 1);
}
