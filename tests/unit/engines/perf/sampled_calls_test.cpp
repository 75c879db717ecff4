#include "engines/perf/sampled_calls.hpp"
#include "support/catch.hpp"

#include <cstring>

using namespace vdsotrace;

namespace {

using Moment = DirectCallEvent::Moment;
using Returned = SampledCalls::Returned;

constexpr std::int32_t kTime = 201;
constexpr std::int32_t kGetcpu = 309;

/// As the trace points write it: 8 bytes that all have, the number, and at 16 the result.
PerfSample sample_of(std::int32_t nr, std::int64_t time_ns, std::int64_t result = 0) {
  PerfSample sample;
  sample.time_ns = time_ns;
  sample.raw.resize(24);
  std::memcpy(sample.raw.data() + 8, &nr, sizeof nr);
  std::memcpy(sample.raw.data() + 16, &result, sizeof result);
  return sample;
}

/// A thread some of whose events were opened for it, others for its creator.
class SampledThread {
 public:
  void enters(std::int32_t nr, std::int64_t time_ns, pid_t opened_for = 1) {
    CHECK_FALSE(calls_.add(sample_of(nr, time_ns), {Moment::entered, opened_for, Abi::x86_64}));
  }
  std::optional<Returned> returns(std::int32_t nr, std::int64_t result, pid_t opened_for = 1) {
    return calls_.add(sample_of(nr, 900, result), {Moment::returned, opened_for, Abi::x86_64});
  }
  std::optional<Returned> returns_without_a_record() {
    return calls_.add(PerfSample{}, {Moment::returned, 1, Abi::x86_64});
  }

 private:
  SampledCalls calls_;
};

}  // namespace

TEST_CASE("a call has the time of its entry") {
  SampledThread thread;
  thread.enters(kTime, 100);
  CHECK(thread.returns(kTime, 5) == Returned{kTime, 5, 100});
  thread.enters(kGetcpu, 200);
  CHECK(thread.returns(kGetcpu, -22) == Returned{kGetcpu, -22, 200});
}

TEST_CASE("the time of an entry is that of one call only") {
  SampledThread thread;
  thread.enters(kTime, 100);
  REQUIRE(thread.returns(kTime, 5));
  CHECK(thread.returns(kTime, 6) == Returned{kTime, 6, 0});
}

TEST_CASE("a call whose entry was not sampled is one") {
  SampledThread thread;
  CHECK(thread.returns(kTime, 5) == Returned{kTime, 5, 0});
}

TEST_CASE("where a thread has its creator's events, too, each call counts once") {
  SampledThread thread;
  thread.enters(kTime, 100, 1);
  thread.enters(kTime, 101, 2);
  CHECK(thread.returns(kTime, 5, 2) == std::nullopt);
  CHECK(thread.returns(kTime, 5, 1) == Returned{kTime, 5, 100});
  // Of another call it may have its creator's only.
  CHECK(thread.returns(kGetcpu, 0, 2) == Returned{kGetcpu, 0, 0});
  CHECK(thread.returns(kGetcpu, 0, 1) == std::nullopt);
}

TEST_CASE("a sample without a record is no call") {
  SampledThread thread;
  CHECK(thread.returns_without_a_record() == std::nullopt);
}
