// What stubs do without, or are refused for, in made-up images.
#include <algorithm>
#include <string>
#include <vector>

#include "support/stub_plans.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

VdsoImage sketched(const char* code, std::vector<ImageSketch::Symbol> symbols) {
  ImageSketch sketch;
  sketch.code = from_hex(code);
  sketch.symbols = std::move(symbols);
  return testing::parse_or_throw(sketch.elf64());
}

std::string refusal_of(const StubPlan& plan, std::string_view name) {
  const auto found = std::ranges::find_if(plan.refused, [&](const auto& r) { return r.function->name() == name; });
  return found == plan.refused.end() ? "" : found->why;
}

TEST_CASE("what cannot give way to a jump is refused with a reason", "[stub_plan]") {
  // ret: one byte, and the next function's entry behind it; four bytes, and something unknown behind them
  const VdsoImage image = sketched("c3 c3 90 90 90 c3", {{"__vdso_time", 0}, {"__vdso_getcpu", 1}});
  const StubPlan plan = plan_all(image, StubDepth::count);
  CHECK(plan.functions.empty());
  CHECK(plan.patches.empty());
  CHECK(plan.code.empty());
  REQUIRE(plan.refused.size() == 2);
  for (const auto& refused : plan.refused) CHECK(refused.why == "no jump fits at its entry");
}

TEST_CASE("code that two functions share is refused where it could not be told whose call it is", "[stub_plan]") {
  // Both: mov $201, %eax, or 309; jmp to the same syscall; ret
  const VdsoImage calls = sketched("b8 c9 00 00 00 eb 05 b8 35 01 00 00 0f 05 48 98 90 90 90 c3",
                                   {{"__vdso_time", 0}, {"__vdso_getcpu", 7}});
  for (const StubDepth depth : kDepths) {
    CHECK(refusal_of(plan_all(calls, depth), "__vdso_time") == "it shares a system call with another function");
    CHECK(refusal_of(plan_all(calls, depth), "__vdso_getcpu") == "it shares a system call with another function");
  }
  const VdsoImage returns = sketched("b8 c9 00 00 00 eb 05 b8 35 01 00 00 48 98 90 90 90 c3 cc cc cc cc cc cc cc cc",
                                     {{"__vdso_time", 0}, {"__vdso_getcpu", 7}});
  CHECK(plan_all(returns, StubDepth::count).refused.empty());
  CHECK(refusal_of(plan_all(returns, StubDepth::callers), "__vdso_time") == "it shares a return with another function");
}

TEST_CASE("a function that jumps to its own entry is refused", "[stub_plan]") {
  const VdsoImage image = sketched("b8 c9 00 00 00 74 f9 c3 cc cc cc cc cc cc", {{"__vdso_time", 0}});
  CHECK(refusal_of(plan_all(image, StubDepth::count), "__vdso_time") == "it jumps to its own entry");
}

TEST_CASE("nothing is placed where the last page is in use or full", "[stub_plan]") {
  ImageSketch sketch;
  sketch.code = from_hex("b8 c9 00 00 00 c3 cc cc cc cc cc cc cc cc cc");
  sketch.symbols = {{"__vdso_time", 0}};
  Bytes mapping = sketch.elf64();
  mapping.resize(4096);
  const VdsoImage free = testing::parse_or_throw(mapping);
  CHECK(plan_all(free, StubDepth::values).refused.empty());
  mapping[4000] = std::byte{1};
  const VdsoImage in_use = testing::parse_or_throw(mapping);
  const StubPlan used = plan_all(in_use, StubDepth::values);
  CHECK(refusal_of(used, "__vdso_time") == "its last page is in use");
  CHECK(used.patches.empty());

  sketch.code.resize(4096 - ImageSketch::kCode - 24, std::byte{0xcc});
  const VdsoImage filled = testing::parse_or_throw(sketch.elf64());
  const StubPlan full = plan_all(filled, StubDepth::values);
  CHECK(refusal_of(full, "__vdso_time") == "no room is left in its last page");
  CHECK((full.patches.empty() && full.trampolines.empty() && full.code.empty()));
}

TEST_CASE("who jumps behind a system call has not made it", "[stub_plan]") {
  // mov 0, %ecx; test %edi, %edi; je behind; mov $201, %eax; syscall; behind: cltq, three times; ret
  const VdsoImage image = sketched(
      "b9 00 00 00 00 85 ff 74 07 b8 c9 00 00 00 0f 05 48 98 48 98 48 98 c3 cc cc cc cc cc", {{"__vdso_time", 0}});
  for (const StubDepth depth : kDepths) {
    const StubPlan plan = plan_stubs(image, all_at(depth, std::nullopt));
    CHECK(plan.refused.empty());
    REQUIRE(plan.fallbacks.size() == 1);
    CHECK(plan.fallbacks[0].original == ImageSketch::kCode + 16);
    Patched patched(image, plan);
    const auto behind = patched.ways_from(ImageSketch::kCode + 16);
    CHECK(behind.trampolines.count(arch::StubKind::called) + behind.trampolines.count(arch::StubKind::call) == 0);
    const auto whole = patched.ways_from(ImageSketch::kCode);
    CHECK(whole.trampolines.count(arch::StubKind::call) == 1);
  }
}

TEST_CASE("the mark takes no register that is needed in front of the system call or behind it", "[stub_plan]") {
  // mov 0, %ecx; FRONT; syscall; BEHIND; ret
  const struct {
    const char* front;
    const char* behind;
    bool in_place;
  } cases[] = {
      {"b8 c9 00 00 00", "48 98 48 85 c0", true},
      {"4c 89 cf b0 c9", "48 98 48 85 c0", false},  // mov %r9, %rdi; mov $201, %al
      {"49 89 f9 b0 c9", "4c 89 c8 85 c0", false},  // mov %rdi, %r9 ... mov %r9, %rax
      {"b8 c9 00 00 00", "4c 89 c8 85 c0", false},
  };
  for (const auto& test : cases) {
    INFO(test.front << " | " << test.behind);
    const VdsoImage image =
        sketched((std::string("b9 00 00 00 00 ") + test.front + " 0f 05 " + test.behind + " c3 cc cc cc cc").c_str(),
                 {{"__vdso_time", 0}});
    const StubPlan plan = plan_all(image, StubDepth::values);
    CHECK(plan.refused.empty());
    CHECK(plan.fallbacks.empty() == test.in_place);
    // Without a mark, no register is needed.
    CHECK(plan_stubs(image, all_at(StubDepth::values, std::nullopt)).fallbacks.empty());
  }
}

}  // namespace
}  // namespace vdsotrace
