// What stops of other origin prove of calls that are open in stubs.
#include "engines/inline/report/stub_witness.hpp"
#include "support/scripted_session.hpp"
#include "support/scripted_stop.hpp"
#include "support/stub_plans.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

constexpr std::uint64_t kInside = 0x7ffd'0000'8000;

struct Witness final : StubWitness {
  using StubWitness::StubWitness;
};

Needs needs_with(bool each_call) {
  Needs needs;
  needs.each_call = each_call;
  return needs;
}

/// A thread of a space in which one function has a stub.
struct Witnessed {
  explicit Witnessed(bool each_call = true) : needs(needs_with(each_call)) {
    REQUIRE(plan.functions.size() == 1);
    InstalledStubs installed;
    installed.plan = &plan;
    installed.image = &image;
    spaces.set(*thread.space, std::make_unique<StubSpace>(installed, kTid, nullptr, Reporter(events)));
  }
  const VdsoFunction* function(std::string_view symbol) const { return image.function_named(symbol); }
  UnreturnedCalls& calls() { return spaces.of(thread)->records().unreturned(); }
  Call interrupted() const {
    Call call;
    call.symbol = "__vdso_clock_gettime";
    call.route = Route::vdso;
    call.ending = Ending::unfinished;
    return call;
  }

  const VdsoImage image = image_named(kImages[1]);
  const StubPlan plan = plan_one(image, StubDepth::values, "clock_gettime");
  const Needs needs;
  const StubSettings settings{needs, false};
  RecordingSink events;
  Thread thread = live_thread();
  StubSpaces spaces;
  Witness witness{spaces, settings, "engine"};
};

TEST_CASE("a function that has a stub reports its system call itself", "[stub_witness]") {
  Witnessed with;
  CHECK(with.witness.on_call_entry(with.thread, with.function("__vdso_clock_gettime"), kInside));
  CHECK_FALSE(with.witness.on_call_entry(with.thread, with.function("__vdso_getcpu"), kInside));
  CHECK_FALSE(with.witness.on_call_entry(with.thread, nullptr, kInside));
}

TEST_CASE("where there are no stubs nothing is proven", "[stub_witness]") {
  Witnessed with;
  with.spaces.erase(*with.thread.space);
  CHECK_FALSE(with.witness.on_call_entry(with.thread, with.function("__vdso_clock_gettime"), kInside));
  with.witness.on_fallback_exit(with.thread, with.interrupted());
  with.witness.on_handler(with.thread, kInside, false);
  with.witness.on_handler_return(with.thread, kInside);
  CHECK(with.events.lines.empty());
}

TEST_CASE("a system call made elsewhere shows that a call was jumped out of", "[stub_witness]") {
  Witnessed with;
  with.calls().interrupt(with.thread, with.interrupted(), kInside, 1);
  with.witness.on_handler(with.thread, kInside - 512, false);
  CHECK_FALSE(with.witness.on_call_entry(with.thread, nullptr, kInside - 1024));
  CHECK(with.events.lines.empty());
  CHECK_FALSE(with.witness.on_call_entry(with.thread, nullptr, kInside + 64));
  CHECK(with.events.lines.size() == 1);
}

TEST_CASE("a handler that returns leaves the call that it has interrupted", "[stub_witness]") {
  Witnessed with;
  with.calls().interrupt(with.thread, with.interrupted(), kInside, 1);
  with.witness.on_handler(with.thread, kInside - 512, false);
  CHECK(with.calls().innermost(with.thread.tid) == nullptr);
  with.witness.on_handler_return(with.thread, kInside - 512);
  CHECK(with.calls().innermost(with.thread.tid) != nullptr);
  CHECK(with.events.lines.empty());
}

TEST_CASE("the system call of a function is kept for its record where there is one of each call", "[stub_witness]") {
  const bool each_call = GENERATE(true, false);
  Witnessed with(each_call);
  with.witness.on_fallback_exit(with.thread, with.interrupted());
  const auto kept = with.calls().take_fallback(with.thread.tid);
  REQUIRE(kept.has_value() == each_call);
  if (each_call) CHECK(kept->engine == "engine");
}

TEST_CASE("the system call of a thread that is not followed is forgotten", "[stub_witness]") {
  Witnessed with;
  with.thread.role = Thread::Role::guarded;
  with.witness.on_fallback_exit(with.thread, with.interrupted());
  CHECK_FALSE(with.calls().take_fallback(with.thread.tid));
}

}  // namespace
}  // namespace vdsotrace
