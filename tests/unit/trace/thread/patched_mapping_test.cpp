#include "trace/thread/patched_mapping.hpp"

#include "support/catch.hpp"
#include "support/scripted_kernel.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kBase = 0x10000;

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> all;
  for (const int value : values) all.push_back(static_cast<std::byte>(value));
  return all;
}

/// A mapping of eight bytes in a process that is stopped.
struct Mapped {
  Mapped() {
    task.seized = task.stopped = true;
    content() = original;
  }
  std::vector<std::byte>& content() { return task.memory->regions[kBase]; }

  const std::vector<std::byte> original = bytes({0, 1, 2, 3, 4, 5, 6, 7});
  ScriptedKernel kernel;
  KernelInstead replaced{kernel};
  Task& task = kernel.process(kPid + 1);
  PatchedMapping mapping{kBase, 8};
};

}  // namespace

TEST_CASE("a mapping gets its bytes back") {
  Mapped mapped;
  REQUIRE(mapped.mapping.patch(mapped.task.tid, 2, bytes({0xaa, 0xbb})));
  CHECK(mapped.content() == bytes({0, 1, 0xaa, 0xbb, 4, 5, 6, 7}));
  CHECK(mapped.mapping.is_patched());
  CHECK(mapped.mapping.undo(mapped.task.tid));
  CHECK(mapped.content() == mapped.original);
  CHECK_FALSE(mapped.mapping.is_patched());
}

TEST_CASE("several places of a mapping are changed at once and get their bytes back") {
  Mapped mapped;
  const auto first = bytes({0xaa, 0xbb}), second = bytes({0xcc});
  const PatchedMapping::Write writes[] = {{2, first}, {7, second}};
  REQUIRE(mapped.mapping.patch_all(mapped.task.tid, writes));
  CHECK(mapped.content() == bytes({0, 1, 0xaa, 0xbb, 4, 5, 6, 0xcc}));
  CHECK(mapped.mapping.undo(mapped.task.tid));
  CHECK(mapped.content() == mapped.original);

  const PatchedMapping::Write outside[] = {{2, first}, {7, first}};
  CHECK_FALSE(mapped.mapping.patch_all(mapped.task.tid, outside));
  CHECK(mapped.content() == mapped.original);
  CHECK_FALSE(mapped.mapping.is_patched());
}

TEST_CASE("no byte outside a mapping is changed") {
  Mapped mapped;
  CHECK_FALSE(mapped.mapping.patch(mapped.task.tid, 7, bytes({1, 2})));
  CHECK_FALSE(mapped.mapping.patch(mapped.task.tid, 9, bytes({1})));
  CHECK_FALSE(mapped.mapping.patch(mapped.task.tid, 0xffff'fffe, bytes({1, 2, 3})));
  CHECK(mapped.content() == mapped.original);
  CHECK_FALSE(mapped.mapping.is_patched());
}

TEST_CASE("what the program has written over a patch stays") {
  Mapped mapped;
  REQUIRE(mapped.mapping.patch(mapped.task.tid, 2, bytes({0xaa})));
  mapped.content()[2] = std::byte{0x55};
  CHECK(mapped.mapping.undo(mapped.task.tid));
  CHECK(mapped.content()[2] == std::byte{0x55});
}

TEST_CASE("a patch that cannot be taken back stays on record") {
  Mapped mapped;
  REQUIRE(mapped.mapping.patch(mapped.task.tid, 2, bytes({0xaa})));
  const auto content = mapped.content();
  mapped.task.memory->regions.clear();
  CHECK_FALSE(mapped.mapping.undo(mapped.task.tid));
  CHECK(mapped.mapping.is_patched());
  mapped.content() = content;
  CHECK(mapped.mapping.undo(mapped.task.tid));
  CHECK(mapped.content() == mapped.original);
}

TEST_CASE("a mapping is known by its bytes and its patches") {
  Mapped mapped;
  CHECK(mapped.mapping.is_in(mapped.task.tid, mapped.original));
  REQUIRE(mapped.mapping.patch(mapped.task.tid, 2, bytes({0xaa})));
  CHECK(mapped.mapping.is_in(mapped.task.tid, mapped.original));
  mapped.content()[2] = std::byte{2};
  CHECK_FALSE(mapped.mapping.is_in(mapped.task.tid, mapped.original));
}

TEST_CASE("the patches of a mapping move with it") {
  Mapped mapped;
  REQUIRE(mapped.mapping.patch(mapped.task.tid, 2, bytes({0xaa})));
  const auto content = mapped.content();
  mapped.task.memory->regions.clear();
  mapped.task.memory->regions[2 * kBase] = content;
  mapped.mapping.moved_to(2 * kBase);
  CHECK(mapped.mapping.undo(mapped.task.tid));
  CHECK(mapped.task.memory->regions[2 * kBase] == mapped.original);
}

TEST_CASE("addresses and ranges are within a mapping or not") {
  const PatchedMapping mapping(kBase, 8);
  CHECK(mapping.offset_of(kBase) == 0u);
  CHECK(mapping.offset_of(kBase + 7) == 7u);
  CHECK_FALSE(mapping.offset_of(kBase + 8));
  CHECK_FALSE(mapping.offset_of(kBase - 1));
  CHECK(mapping.overlaps(kBase - 1, 2));
  CHECK_FALSE(mapping.overlaps(kBase - 1, 1));
  CHECK(mapping.overlaps(kBase + 7, 1));
  CHECK_FALSE(mapping.overlaps(kBase + 8, 1));
  CHECK(mapping.overlaps(0, ~std::uint64_t{0}));
  CHECK_FALSE(PatchedMapping().overlaps(0, ~std::uint64_t{0}));
}
