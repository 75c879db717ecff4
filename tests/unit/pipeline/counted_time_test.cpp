// What of a call's duration counts.
#include "pipeline/counted_time.hpp"

#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

Call took(std::int64_t duration_ns, std::optional<Route> route = {}) {
  Call call;
  call.duration_ns = duration_ns;
  call.route = route;
  return call;
}

}  // namespace

TEST_CASE("the time in the kernel counts where it is known") {
  const CountedTime time;
  Call call = took(500);
  CHECK(time.of(call) == 500);
  call.kernel_ns = 300;
  CHECK(time.of(call) == 300);
  CHECK_FALSE(time.of(Call()));
}

TEST_CASE("what observing adds is taken off system calls, as far as they took so long") {
  CountedTime time;
  time.take_off(200);
  CHECK(time.of(took(500)) == 300);
  CHECK(time.of(took(500, Route::fallback)) == 300);
  CHECK(time.of(took(100)) == 0);
  CHECK(time.of(took(500, Route::vdso)) == 500);
}

TEST_CASE("times that are left out do not count") {
  CountedTime time;
  time.leave_out();
  CHECK_FALSE(time.of(took(500)));
  CHECK_FALSE(time.of(took(500, Route::vdso)));
}
