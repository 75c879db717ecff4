// Where stubs go in the images of real kernels.
#include <algorithm>
#include <cstring>
#include <set>

#include "arch/return_stub.hpp"
#include "arch/stub_layout.h"
#include "support/stub_plans.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

TEST_CASE("every service of every kernel's image has a stub", "[stub_plan]") {
  for_every_plan([](const VdsoImage& image, const StubPlan& plan, StubDepth) {
    std::size_t services = 0;
    for (const VdsoFunction& function : image.functions()) services += service_for(function) != nullptr;
    for (const auto& refused : plan.refused) FAIL_CHECK(refused.function->name() << ": " << refused.why);
    CHECK(plan.functions.size() == services);
    CHECK(plan.code.size() <= 20 * 1024);
  });
}

TEST_CASE("every way in, out and into the kernel passes a stub", "[stub_plan]") {
  for_every_plan([](const VdsoImage& image, const StubPlan& plan, StubDepth depth) {
    Patched patched(image, plan);
    for (const StubbedFunction& stubbed : plan.functions) {
      const VdsoFunction& function = *stubbed.function;
      INFO(function.name());
      const auto ways = patched.ways_from(function.entry);
      CHECK(patched.trampoline_at(patched.after_jumps(function.entry)) == arch::StubKind::enter);
      CHECK(ways.trampolines.count(arch::StubKind::enter) == 1);
      const bool records = depth != StubDepth::count;
      CHECK(ways.returns.empty() == records);
      CHECK(ways.trampolines.count(arch::StubKind::leave) == (records ? 1 : 0));
      // One trampoline for each system call of the original, and none left that is not seen.
      CHECK(ways.unseen_calls.empty());
      const auto copies = ways.trampolines.count(arch::StubKind::call);
      CHECK(ways.trampolines.count(arch::StubKind::called) == ways.calls.size());
      CHECK(ways.calls.size() + copies == function.syscalls.size());
    }
  });
}

TEST_CASE("jumps lead to trampolines or holes, do not overlap, and nothing jumps into the middle of one",
          "[stub_plan]") {
  for_every_plan([](const VdsoImage& image, const StubPlan& plan, StubDepth) {
    Patched patched(image, plan);
    std::set<std::uint32_t> bytes;
    for (const StubPatch& patch : plan.patches) {
      const std::uint32_t to = target_of(patch);
      const auto hole = std::ranges::find(plan.patches, to, &StubPatch::offset);
      if (patch.bytes.size() == arch::kShortJumpSize) {
        REQUIRE(hole != plan.patches.end());
        CHECK(hole->bytes.size() == arch::kJumpSize);
      } else {
        CHECK((to >= plan.trampolines_at && to < plan.trampolines_at + plan.trampolines.size()));
        const bool is_copy = std::ranges::find(plan.moved, to, &MovedInstruction::copy) != plan.moved.end();
        const bool leads_on = patched.trampoline_at(patched.after_jumps(to)).has_value();
        CHECK((is_copy || leads_on));
      }
      for (std::uint32_t at = patch.offset; at < end_of(patch); ++at) CHECK(bytes.insert(at).second);
      CHECK(end_of(patch) <= image.unused_from());
      const auto inside = [&](std::uint32_t target) { return target > patch.offset && target < end_of(patch); };
      for (const VdsoFunction& function : image.functions()) {
        CHECK_FALSE(inside(function.entry));
        CHECK(std::ranges::none_of(function.branch_targets, inside));
        CHECK(std::ranges::none_of(function.helpers, inside));
      }
    }
    for (const StubbedFunction& stubbed : plan.functions) CHECK(bytes.contains(stubbed.function->entry));
  });
}

TEST_CASE("system calls stay where they are, or are said to have moved", "[stub_plan]") {
  for_every_plan([](const VdsoImage& image, const StubPlan& plan, StubDepth) {
    const Patched patched(image, plan);
    std::size_t moved = 0;
    for (const StubbedFunction& stubbed : plan.functions) {
      for (const CodeSite& site : stubbed.function->syscalls) {
        const std::uint32_t behind = site.offset + site.length;
        const auto fallback = std::ranges::find(plan.fallbacks, behind, &MovedFallback::original);
        if (fallback == plan.fallbacks.end()) {
          CHECK(part(patched.bytes(), site.offset, 2) == from_hex("0f 05"));
          continue;
        }
        ++moved;
        CHECK(plan.functions[fallback->function].function == stubbed.function);
        CHECK(fallback->after >= plan.trampolines_at + 2);
        CHECK(part(plan.trampolines, fallback->after - plan.trampolines_at - 2, 2) == from_hex("0f 05"));
        // The original is still there for whoever stands in front of it, or has given way to the jump.
        CHECK(part(image.bytes(), site.offset, 2) == from_hex("0f 05"));
      }
    }
    CHECK(plan.fallbacks.size() == moved);
  });
}

TEST_CASE("trampolines fit into the last page, with room for others", "[stub_plan]") {
  constexpr std::size_t kSpare = 256;
  CHECK(arch::make_return_stub({}, 0).bytes.size() <= kSpare);
  for_every_plan([](const VdsoImage& image, const StubPlan& plan, StubDepth) {
    CHECK(plan.trampolines_at >= image.unused_from());
    CHECK(plan.trampolines_at + plan.trampolines.size() + kSpare <= mapping_size(image));
    for (const StubWord& word : plan.stub_words) {
      CHECK(word.offset + 8 <= plan.trampolines.size());
      CHECK((word.in_code > sizeof(StubJournal) && word.in_code < plan.code.size()));
    }
    for (const RegionWord& word : plan.region_words)
      CHECK((word.offset >= sizeof(StubJournal) && word.offset + 8 <= plan.code.size()));
    for (const std::uint32_t word : plan.counter_words) CHECK(word_at(plan.code, word) == 1);
  });
}

TEST_CASE("no function has so much on the stack that it might be another call's", "[stub_plan]") {
  auto decoder = X86Decoder::open(Machine::x86_64, true);
  REQUIRE(decoder);
  for (const char* name : kImages) {
    const VdsoImage image = image_named(name);
    for (const VdsoFunction& function : image.functions()) {
      if (service_for(function) == nullptr) continue;
      INFO(name << ", " << function.name());
      // At most: all that is ever pushed or made room for.
      std::int64_t bytes = 0;
      for (const CodeSite& site : function.instructions) {
        REQUIRE(decoder->decode(image.bytes().subspan(site.offset)));
        const cs_x86& code = decoder->raw().detail->x86;
        if (decoder->raw().id == X86_INS_PUSH) bytes += 8;
        const bool moves_stack = code.op_count == 2 && code.operands[0].type == X86_OP_REG &&
                                 code.operands[0].reg == X86_REG_RSP;
        if (moves_stack && decoder->raw().id == X86_INS_SUB) {
          REQUIRE(code.operands[1].type == X86_OP_IMM);
          bytes += code.operands[1].imm;
        }
      }
      CHECK(bytes + 128 < DEEPEST);
    }
  }
}

TEST_CASE("a moved instruction is named with its copy", "[stub_plan]") {
  for_every_plan([](const VdsoImage& image, const StubPlan& plan, StubDepth) {
    std::set<std::uint32_t> copies;
    for (const MovedInstruction& moved : plan.moved) {
      CHECK(copies.insert(moved.copy).second);
      CHECK((moved.copy >= plan.trampolines_at && moved.copy < plan.trampolines_at + plan.trampolines.size()));
      for (const StubRange& range : plan.templates) CHECK_FALSE(range.contains(moved.copy));
      const auto* function = image.function_containing(moved.original);
      REQUIRE(function != nullptr);
      CHECK(std::ranges::binary_search(function->instructions, moved.original, {}, &CodeSite::offset));
    }
    // Whoever stands within what a near or a short jump covers can go on in a copy, unless that is a hole.
    for (const StubPatch& patch : plan.patches) {
      for (const StubbedFunction& stubbed : plan.functions) {
        for (const CodeSite& site : stubbed.function->instructions) {
          if (site.offset <= patch.offset || site.offset >= end_of(patch)) continue;
          const bool has_copy = std::ranges::find(plan.moved, site.offset, &MovedInstruction::original) !=
                                plan.moved.end();
          const bool is_call = std::ranges::find(stubbed.function->syscalls, site.offset, &CodeSite::offset) !=
                               stubbed.function->syscalls.end();
          CHECK((has_copy || is_call));
        }
      }
    }
  });
}

TEST_CASE("the same image has the same plan, read from a file or from a process", "[stub_plan]") {
  for (const char* name : kImages) {
    INFO(name);
    const VdsoImage file = image_named(name);
    Bytes mapped = saved_image(name);
    mapped.resize(mapping_size(file));
    const VdsoImage process = testing::parse_or_throw(mapped);
    const StubPlan one = plan_all(file, StubDepth::values), again = plan_all(file, StubDepth::values);
    const StubPlan other = plan_all(process, StubDepth::values);
    for (const StubPlan* plan : {&again, &other}) {
      CHECK(plan->code == one.code);
      CHECK(plan->trampolines == one.trampolines);
      CHECK(plan->trampolines_at == one.trampolines_at);
      REQUIRE(plan->patches.size() == one.patches.size());
      for (std::size_t i = 0; i < one.patches.size(); ++i)
        CHECK((plan->patches[i].offset == one.patches[i].offset && plan->patches[i].bytes == one.patches[i].bytes));
    }
  }
}

TEST_CASE("exports that the kernel knows by address are left alone", "[stub_plan]") {
  const VdsoImage image = image_named("7.3.4+deb13.x86_64");
  const StubPlan plan = plan_all(image, StubDepth::values);
  for (const StubbedFunction& stubbed : plan.functions) CHECK(service_for(*stubbed.function) != nullptr);
}

TEST_CASE("a counting stub is its template and its slots, its trampoline has what was displaced", "[stub_plan]") {
  const VdsoImage image = image_named("6.18.15+deb13.x86_64");
  const StubPlan plan = plan_one(image, StubDepth::count, "getcpu");
  REQUIRE(plan.functions.size() == 1);
  REQUIRE(plan.patches.size() == 1);
  const VdsoFunction& getcpu = *plan.functions[0].function;
  const std::uint32_t stub = (sizeof(StubJournal) + 63) / 64 * 64;
  CHECK(plan.patches[0].offset == getcpu.entry);
  const arch::StubTemplate enter = arch::stub_template(arch::StubKind::enter);
  CHECK(target_of(plan.patches[0]) == plan.trampolines_at + enter.code);
  const arch::StubTemplate expected = arch::stub_template(arch::StubKind::count, arch::StubShape::three);
  REQUIRE(plan.stub_words.size() == 1);
  CHECK(plan.stub_words[0].offset == 0);
  CHECK(plan.stub_words[0].in_code == stub + expected.code);
  // Its row, the first one, and the places of the index's and the shared block's addresses.
  CHECK(word_at(plan.code, stub) == BLOCK_ROWS);
  REQUIRE(plan.region_words.size() == 2);
  CHECK((plan.region_words[0].offset == stub + 8 && plan.region_words[0].in_region == REGION_INDEX));
  CHECK((plan.region_words[1].offset == stub + 16 && plan.region_words[1].in_region == REGION_SHARED));
  const auto code = expected.bytes.subspan(expected.code);
  CHECK(part(plan.code, stub + expected.code, code.size()) == Bytes(code.begin(), code.end()));
  // endbr64; mov eax, 0x7b; and a jump back behind them
  const std::size_t displaced = enter.bytes.size();
  CHECK(part(plan.trampolines, displaced, 9) == from_hex("f3 0f 1e fa b8 7b 00 00 00"));
  const std::int64_t back = jump_distance(std::span(plan.trampolines).subspan(displaced + 9, 5));
  CHECK(static_cast<std::int64_t>(plan.trampolines_at + displaced + 9) + back == getcpu.entry + 9);
}

TEST_CASE("a fallback keeps its number and bears the mark", "[stub_plan]") {
  const VdsoImage image = image_named("6.18.15+deb13.x86_64");
  const StubPlan plan = plan_one(image, StubDepth::values, "clock_getres");
  REQUIRE(plan.functions.size() == 1);
  const VdsoFunction& getres = *plan.functions[0].function;
  REQUIRE(getres.syscalls.size() == 1);
  // The instruction in front of it gave way to a jump to the mark, and comes behind that.
  const CodeSite& site = getres.syscalls[0];
  const auto front = std::ranges::find(plan.patches, site.offset - 5, &StubPatch::offset);
  REQUIRE(front != plan.patches.end());
  const arch::StubTemplate mark = arch::stub_template(arch::StubKind::mark);
  const auto in_front = target_of(*front) - plan.trampolines_at;
  CHECK(word_at(plan.trampolines, in_front - 8) == kMark);
  const auto code = mark.bytes.subspan(mark.code);
  CHECK(part(plan.trampolines, in_front, code.size()) == Bytes(code.begin(), code.end()));
  // mov eax, 229
  CHECK(part(plan.trampolines, in_front + code.size(), 5) == from_hex("b8 e5 00 00 00"));
  CHECK(plan.fallbacks.empty());
  CHECK(std::ranges::find(plan.patches, site.offset + site.length, &StubPatch::offset) != plan.patches.end());
  // Without a mark nothing in front of it changes.
  const StubPlan unmarked = plan_one(image, StubDepth::values, "clock_getres", std::nullopt);
  CHECK(std::ranges::find(unmarked.patches, site.offset - 5, &StubPatch::offset) == unmarked.patches.end());
  CHECK(unmarked.patches.size() + 1 == plan.patches.size());
}

TEST_CASE("the journal holds what was there before and what was written", "[stub_plan]") {
  for_every_plan([](const VdsoImage& image, const StubPlan& plan, StubDepth) {
    StubJournal journal;
    REQUIRE(plan.code.size() > sizeof journal);
    std::memcpy(&journal, plan.code.data(), sizeof journal);
    CHECK(std::memcmp(journal.magic, kStubMagic, sizeof kStubMagic) == 0);
    CHECK(journal.trampolines == plan.trampolines_at);
    CHECK(journal.trampoline_bytes == plan.trampolines.size());
    CHECK(std::memcmp(plan.code.data() + StubPlan::kSystemCall, "\x0f\x05", 2) == 0);
    REQUIRE(journal.patch_count == plan.patches.size());
    for (std::size_t i = 0; i < plan.patches.size(); ++i) {
      const StubPatch& patch = plan.patches[i];
      const auto& entry = journal.patches[i];
      CHECK(entry.offset == patch.offset);
      REQUIRE(entry.size == patch.bytes.size());
      CHECK(std::memcmp(entry.before, image.bytes().data() + patch.offset, entry.size) == 0);
      CHECK(std::memcmp(entry.after, patch.bytes.data(), entry.size) == 0);
    }
  });
}

}  // namespace
}  // namespace vdsotrace
