#include "engines/perf/route_inference.hpp"

#include "engines/perf/plan.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;

namespace {

using Fallbacks = PerfPoint::Fallbacks;

struct Told {
  std::string name;
  std::optional<Route> route;
  Ending ending;
  std::int64_t result;
  bool operator==(const Told&) const = default;
};

/// One thread, what it does, and what is reported of it.
class Watched {
 public:
  void enters(std::string_view name, Fallbacks fallbacks = Fallbacks::seen, std::uint64_t origin = 1,
              std::uint64_t stack = 0x1000) {
    Call call = made(name);
    call.symbol = "__vdso_any";
    call.stack_pointer = stack;
    calls.entered(std::move(call), fallbacks, origin, report());
  }
  void makes(std::string_view name) { calls.system_call(made(name), report()); }
  void falls_back_to(std::string_view name) { calls.fallback_call(made(name)); }
  void returns(std::int64_t result) { calls.system_call_returned(result, 500, report()); }
  RouteInference::Report report() {
    return [this](Call&& call) {
      told.push_back({std::string(call.name), call.route, call.ending, call.result});
      last = std::move(call);
    };
  }

  RouteInference calls;
  std::vector<Told> told;
  Call last;

 private:
  static Call made(std::string_view name) {
    Call call;
    call.name = name;
    call.start_ns = 100;
    return call;
  }
};

const Told kVdso{"clock_gettime", Route::vdso, Ending::unseen, 0};
const Told kFallback{"clock_gettime", Route::fallback, Ending::returned, -22};

std::vector<std::string_view> names_of(const PerfPlan& plan) {
  std::vector<std::string_view> names;
  for (const PerfPoint& point : plan.points)
    names.push_back(point.kind == PerfPoint::Kind::entry ? point.service->syscall : "fallback");
  return names;
}

VdsoImage image() {
  auto parsed = VdsoImage::parse(vdsotrace::testing::saved_image("6.18.15+deb13.x86_64"));
  REQUIRE(parsed);
  return std::move(*parsed);
}

}  // namespace

TEST_CASE("an entry that the next one follows stayed in user space") {
  Watched thread;
  thread.enters("clock_gettime");
  CHECK(thread.told.empty());
  thread.enters("clock_gettime");
  CHECK(thread.told == std::vector{kVdso});
  thread.calls.end(thread.report());
  CHECK(thread.told == std::vector{kVdso, kVdso});
}

TEST_CASE("an entry with a system call from the vDSO is one fallback, with its result") {
  Watched thread;
  thread.enters("clock_gettime");
  thread.falls_back_to("clock_gettime");
  thread.returns(-22);
  CHECK(thread.told == std::vector{kFallback});
  CHECK(thread.last.error == 22);
  CHECK(thread.last.symbol == "__vdso_any");
  CHECK(thread.last.duration_ns == 400);
  thread.enters("clock_gettime");
  thread.calls.end(thread.report());
  CHECK(thread.told == std::vector{kFallback, kVdso});
}

TEST_CASE("a thread that was found asleep elsewhere has left, once no record can contradict") {
  Watched thread;
  thread.enters("clock_gettime");
  thread.calls.found_outside(1000);
  thread.calls.complete_until(999, thread.report());
  CHECK(thread.told.empty());
  thread.calls.complete_until(1000, thread.report());
  CHECK(thread.told == std::vector{kVdso});

  thread.enters("clock_gettime");
  thread.calls.complete_until(5000, thread.report());
  CHECK(thread.calls.open());
  thread.calls.found_outside(6000);
  thread.calls.fell_back("__vdso_another", thread.report());
  CHECK(thread.calls.open());
  thread.calls.fell_back("__vdso_any", thread.report());
  thread.calls.complete_until(7000, thread.report());
  CHECK(thread.told.size() == 2);
  CHECK(thread.told.back().route == Route::fallback);
}

TEST_CASE("an entry with a system call from elsewhere is two calls") {
  Watched thread;
  thread.enters("clock_gettime");
  thread.makes("write");
  CHECK(thread.told == std::vector{kVdso});
  thread.returns(5);
  CHECK(thread.told.back() == Told{"write", {}, Ending::returned, 5});
}

TEST_CASE("a second system call of one vDSO call is not told as another") {
  Watched thread;
  thread.enters("clock_gettime");
  thread.falls_back_to("clock_gettime");
  thread.returns(-22);
  thread.falls_back_to("clock_gettime");
  thread.returns(0);
  CHECK(thread.told == std::vector{kFallback});

  Watched other;
  other.enters("getrandom");
  other.calls.fell_back({}, other.report());
  other.calls.fell_back({}, other.report());
  CHECK(other.told == std::vector{Told{"getrandom", Route::fallback, Ending::unseen, 0}});
}

TEST_CASE("what cannot be proven is not claimed") {
  Watched thread;
  thread.enters("clock_gettime", Fallbacks::unseen);
  CHECK(thread.told == std::vector{Told{"clock_gettime", Route::unknown, Ending::unseen, 0}});
  CHECK(thread.last.route == Route::unknown);
  thread.enters("time", Fallbacks::impossible);
  CHECK(thread.told.back().route == Route::vdso);
  thread.enters("gettimeofday");
  thread.calls.abandon(thread.report());
  CHECK(thread.told.back() == Told{"gettimeofday", Route::unknown, Ending::unseen, 0});
}

TEST_CASE("a fallback that follows a loss is not that of the call before it") {
  Watched thread;
  thread.enters("clock_gettime");
  thread.calls.lost(thread.report());
  CHECK(thread.told == std::vector{Told{"clock_gettime", Route::unknown, Ending::unseen, 0}});
  thread.calls.fell_back("__vdso_any", thread.report());
  CHECK(thread.told.size() == 1);
  // A system call that is under way still returns.
  thread.makes("read");
  thread.calls.lost(thread.report());
  thread.returns(3);
  CHECK(thread.told.back() == Told{"read", {}, Ending::returned, 3});
}

TEST_CASE("events of two origins at one place make one call of two samples") {
  Watched thread;
  for (int i = 0; i < 3; ++i) {
    thread.enters("clock_gettime", Fallbacks::seen, 1);
    thread.enters("clock_gettime", Fallbacks::seen, 2);
  }
  // One of them has gone.
  thread.enters("clock_gettime", Fallbacks::seen, 1);
  thread.enters("clock_gettime", Fallbacks::seen, 1);
  // The same function called from elsewhere.
  thread.enters("clock_gettime", Fallbacks::seen, 2, 0x2000);
  thread.calls.end(thread.report());
  CHECK(thread.told.size() == 6);
}

TEST_CASE("a system call that its thread ends in never returns") {
  Watched thread;
  thread.makes("exit_group");
  thread.calls.end(thread.report());
  CHECK(thread.told == std::vector{Told{"exit_group", {}, Ending::unfinished, 0}});
}

TEST_CASE("four breakpoints go to the time calls first") {
  const auto all = [](const VdsoService&) { return true; };
  const PerfPlan plan = plan_perf_points(image(), all, true);
  CHECK(names_of(plan) == std::vector<std::string_view>{"clock_gettime", "gettimeofday", "time", "clock_getres"});
  CHECK(plan.unwatched == std::vector<std::string_view>{"getcpu", "getrandom"});
  CHECK(plan.unproven.empty());
  CHECK(plan.points[0].fallbacks == Fallbacks::seen);
  CHECK(plan.points[2].fallbacks == Fallbacks::impossible);
  const auto limits = perf_limits(plan, true);
  REQUIRE(limits.size() == 1);
  CHECK(limits[0].text.find("getcpu, getrandom") != std::string::npos);
  CHECK(limits[0].missing == Missing::user_space_calls);
  CHECK(perf_limits(plan, false).front().missing == Missing::vdso_calls);
}

TEST_CASE("breakpoints that are left go to the vDSO's own system calls") {
  const auto two = [](const VdsoService& s) { return s.syscall == "clock_gettime" || s.syscall == "gettimeofday"; };
  const VdsoImage vdso = image();
  const PerfPlan plan = plan_perf_points(vdso, two, false);
  CHECK(names_of(plan) == std::vector<std::string_view>{"clock_gettime", "gettimeofday", "fallback", "fallback"});
  CHECK(plan.points[2].offset == vdso.function_named("clock_gettime")->syscalls.front().offset);
  CHECK(perf_limits(plan, false).empty());

  const auto three = [&](const VdsoService& s) { return two(s) || s.syscall == "time"; };
  const PerfPlan crowded = plan_perf_points(vdso, three, false);
  CHECK(names_of(crowded) == std::vector<std::string_view>{"clock_gettime", "gettimeofday", "time", "fallback"});
  CHECK(crowded.points[0].fallbacks == Fallbacks::seen);
  CHECK(crowded.points[1].fallbacks == Fallbacks::unseen);
  CHECK(crowded.unproven == std::vector<std::string_view>{"gettimeofday"});
  const auto limits = perf_limits(crowded, false);
  REQUIRE(limits.size() == 1);
  CHECK(limits[0].text.find("gettimeofday") != std::string::npos);
  CHECK(limits[0].missing == Missing::routes);
}
