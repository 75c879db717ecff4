#include "engines/stub_plan.hpp"

#include <cstring>
#include <set>

#include "arch/stub_layout.h"
#include "support/catch.hpp"
#include "vdso_images.hpp"

namespace vdsotrace {
namespace {

using testing::Bytes;
using testing::from_hex;
using testing::saved_image;

constexpr std::int64_t kDistance = -0x40000000;
constexpr std::uint64_t kMark = 0x1122334455667788;
constexpr const char* kImages[] = {"5.10.0-32.x86_64", "6.1.0-50.x86_64", "6.12.107+deb13.x86_64",
                                   "6.18.15+deb13.x86_64", "7.3.4+deb13.x86_64"};

VdsoImage image_named(const char* name) {
  auto image = VdsoImage::parse(saved_image(name));
  REQUIRE(image);
  return std::move(*image);
}

StubPlan plan_all(const VdsoImage& image, StubDepth depth) {
  return plan_stubs(image, kDistance, depth, kMark, [](const VdsoService&) { return true; });
}

StubPlan plan_one(const VdsoImage& image, StubDepth depth, std::string_view call) {
  return plan_stubs(image, kDistance, depth, kMark, [&](const VdsoService& service) { return service.syscall == call; });
}

std::uint64_t word_at(const StubPlan& plan, std::size_t offset) {
  std::uint64_t word;
  REQUIRE(offset + sizeof word <= plan.code.size());
  std::memcpy(&word, plan.code.data() + offset, sizeof word);
  return word;
}

/// Where the jump leads whose bytes these are, relative to its own first byte.
std::int64_t jump_distance(std::span<const std::byte> jump) {
  REQUIRE(jump.size() == 5);
  REQUIRE(jump[0] == std::byte{0xe9});
  std::int32_t displacement;
  std::memcpy(&displacement, &jump[1], sizeof displacement);
  return displacement + std::int64_t{5};
}

TEST_CASE("every service of every kernel's image has a stub", "[stub_plan]") {
  for (const char* name : kImages) {
    INFO(name);
    const VdsoImage image = image_named(name);
    std::size_t services = 0;
    for (const VdsoFunction& function : image.functions()) services += service_for(function) != nullptr;
    for (const StubDepth depth : {StubDepth::count, StubDepth::callers, StubDepth::measured, StubDepth::values}) {
      const StubPlan plan = plan_all(image, depth);
      for (const auto& refused : plan.refused) FAIL_CHECK(refused.function->name() << ": " << refused.why);
      CHECK(plan.functions.size() == services);
      CHECK(plan.code.size() <= 16 * 1024);
    }
  }
}

TEST_CASE("jumps lie in functions, lead into the code and do not overlap", "[stub_plan]") {
  for (const char* name : kImages) {
    INFO(name);
    const VdsoImage image = image_named(name);
    const StubPlan plan = plan_all(image, StubDepth::values);
    std::set<std::uint32_t> bytes;
    for (const StubPatch& patch : plan.patches) {
      const std::int64_t into = patch.offset + jump_distance(patch.bytes) - kDistance;
      CHECK(into >= static_cast<std::int64_t>(sizeof(StubJournal)));
      CHECK(into < static_cast<std::int64_t>(plan.code.size()));
      for (std::uint32_t i = 0; i < patch.bytes.size(); ++i) CHECK(bytes.insert(patch.offset + i).second);
      // Nothing jumps into the middle of it.
      for (const VdsoFunction& function : image.functions()) {
        for (const std::uint32_t target : function.branch_targets)
          CHECK((target <= patch.offset || target >= patch.offset + patch.bytes.size()));
      }
    }
    for (const StubbedFunction& stubbed : plan.functions) CHECK(bytes.contains(stubbed.function->entry));
  }
}

TEST_CASE("exports that the kernel knows by address are left alone", "[stub_plan]") {
  const VdsoImage image = image_named("7.3.4+deb13.x86_64");
  const StubPlan plan = plan_all(image, StubDepth::values);
  for (const StubbedFunction& stubbed : plan.functions) CHECK(service_for(*stubbed.function) != nullptr);
}

TEST_CASE("a counting stub is its template, its slots and what it displaced", "[stub_plan]") {
  const VdsoImage image = image_named("6.18.15+deb13.x86_64");
  const StubPlan plan = plan_one(image, StubDepth::count, "getcpu");
  REQUIRE(plan.functions.size() == 1);
  REQUIRE(plan.patches.size() == 1);
  const VdsoFunction& getcpu = *plan.functions[0].function;
  const std::uint32_t stub = (sizeof(StubJournal) + 63) / 64 * 64;
  CHECK(plan.patches[0].offset == getcpu.entry);
  const arch::StubTemplate expected = arch::stub_template(arch::StubKind::count, arch::StubShape::three);
  CHECK(getcpu.entry + jump_distance(plan.patches[0].bytes) - kDistance ==
        static_cast<std::int64_t>(stub + expected.code));
  // Its row, the first one, and the place of the region's address.
  CHECK(word_at(plan, stub) == 0);
  REQUIRE(plan.region_words.size() == 1);
  CHECK(plan.region_words[0].offset == stub + 8);
  CHECK(plan.region_words[0].in_region == 0);
  const auto bytes = [&](std::size_t offset, std::size_t size) {
    const auto part = std::span(plan.code).subspan(offset, size);
    return Bytes(part.begin(), part.end());
  };
  const auto code = expected.bytes.subspan(expected.code);
  CHECK(bytes(stub + expected.code, code.size()) == Bytes(code.begin(), code.end()));
  // endbr64; mov eax, 0x7b; and a jump back behind them
  const std::size_t displaced = stub + expected.bytes.size();
  CHECK(bytes(displaced, 9) == from_hex("f3 0f 1e fa b8 7b 00 00 00"));
  const std::int64_t back = jump_distance(std::span(plan.code).subspan(displaced + 9, 5));
  CHECK(static_cast<std::int64_t>(displaced + 9) + back + kDistance == getcpu.entry + 9);
}

TEST_CASE("a fallback keeps its number and bears the mark", "[stub_plan]") {
  const VdsoImage image = image_named("6.18.15+deb13.x86_64");
  const StubPlan plan = plan_one(image, StubDepth::values, "clock_getres");
  REQUIRE(plan.functions.size() == 1);
  REQUIRE(plan.patches.size() == 2);
  REQUIRE(plan.fallbacks.size() == 1);
  const StubPatch& patch = plan.patches[1];
  const auto block = static_cast<std::size_t>(patch.offset + jump_distance(patch.bytes) - kDistance);
  // mov eax, 229
  const auto number = std::span(plan.code).subspan(block, 5);
  CHECK(Bytes(number.begin(), number.end()) == from_hex("b8 e5 00 00 00"));
  const std::size_t stub = block + 5 + static_cast<std::size_t>(
      jump_distance(std::span(plan.code).subspan(block + 5, 5)));
  CHECK(word_at(plan, stub - 24) == kMark);
  CHECK(word_at(plan, stub - 8) == RECORD_FALLBACK_FLAG);
  // The stop of the call stands behind its instruction.
  const auto call = std::span(plan.code).subspan(plan.fallbacks[0].after - 2, 2);
  CHECK(Bytes(call.begin(), call.end()) == from_hex("0f 05"));
}

TEST_CASE("the journal holds what was there before", "[stub_plan]") {
  for (const char* name : kImages) {
    INFO(name);
    const VdsoImage image = image_named(name);
    const StubPlan plan = plan_all(image, StubDepth::values);
    StubJournal journal;
    std::memcpy(&journal, plan.code.data(), sizeof journal);
    CHECK(std::memcmp(journal.magic, kStubMagic, sizeof kStubMagic) == 0);
    REQUIRE(journal.patch_count == plan.patches.size());
    for (std::size_t i = 0; i < plan.patches.size(); ++i) {
      CHECK(journal.patches[i].offset == plan.patches[i].offset);
      CHECK(std::memcmp(journal.patches[i].before, image.bytes().data() + plan.patches[i].offset, 5) == 0);
    }
    std::size_t ending = 0;
    for (const RegionWord& word : plan.region_words) ending += word.ends_recording;
    CHECK(journal.word_count == ending);
    CHECK(ending >= plan.functions.size());
  }
}

TEST_CASE("what cannot give way to a jump is refused with a reason", "[stub_plan]") {
  testing::ImageSketch sketch;
  // ret: one byte, and the next function's entry behind it
  sketch.code = from_hex("c3 c3 90 90 90 90 90 c3");
  sketch.symbols = {{"__vdso_time", 0}, {"__vdso_getcpu", 1}};
  const auto image = VdsoImage::parse(sketch.elf64());
  REQUIRE(image);
  const StubPlan plan = plan_all(*image, StubDepth::count);
  CHECK(plan.functions.empty());
  CHECK(plan.patches.empty());
  CHECK(plan.code.empty());
  REQUIRE(plan.refused.size() == 2);
  CHECK(plan.refused[0].why == "no jump fits at its entry");
}

TEST_CASE("out of a jump's reach", "[stub_plan]") {
  const VdsoImage image = image_named("6.18.15+deb13.x86_64");
  const StubPlan plan = plan_stubs(image, -0x100000000, StubDepth::count, kMark,
                                   [](const VdsoService&) { return true; });
  CHECK(plan.functions.empty());
  CHECK_FALSE(plan.refused.empty());
}

}  // namespace
}  // namespace vdsotrace
