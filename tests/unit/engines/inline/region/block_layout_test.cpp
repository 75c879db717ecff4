#include "engines/inline/region/block_layout.hpp"

#include "support/catch.hpp"

using namespace vdsotrace;

TEST_CASE("blocks lie one behind the other, each with its ring, up to the limit") {
  BlockLayout layout(RecordSize::values, 0);
  const StubBlock shared = layout.shared();
  std::size_t end = shared.ring + shared.room;
  std::size_t number = 0;
  while (const auto block = layout.add(16 << 20)) {
    CHECK(block->offset == end);
    CHECK(block->ring == end + BLOCK_BYTES);
    CHECK(block->room == block->records * layout.record_bytes());
    end = block->ring + block->room;
    ++number;
  }
  CHECK(number > 32);
  CHECK(end <= std::size_t{16 << 20});
  CHECK(layout.end_of(0, 0) == end);
}

TEST_CASE("what is wanted for more blocks is what they take") {
  for (const auto size : {std::optional<RecordSize>(), std::optional(RecordSize::values)}) {
    BlockLayout layout(size, 4096);
    constexpr std::size_t kLimit = std::size_t{8} << 20;
    const std::size_t wanted = layout.end_of(5, kLimit);
    int more = 0;
    while (layout.add(wanted)) ++more;
    CHECK(more == 5);
    CHECK(layout.end_of(0, kLimit) == wanted);
    CHECK(layout.end_of(1, wanted) == wanted);  // there is no room for one
  }
}

TEST_CASE("what is mapped first has room for the shared ring and a first block") {
  for (const auto size : {std::optional<RecordSize>(), std::optional(RecordSize::window)}) {
    BlockLayout layout(size, 4096);
    const std::size_t first = layout.first_bytes();
    int blocks = 0;
    while (layout.add(first)) ++blocks;
    CHECK(blocks == (size ? 1 : 8));
    CHECK(layout.end_of(0, first) == first);
    CHECK(first < 1'000'000);
  }
}

TEST_CASE("an overrun makes room behind the ring, not in it") {
  BlockLayout without(RecordSize::values, 0), with(RecordSize::values, 4096);
  const auto plain = without.add(8 << 20);
  const auto longer = with.add(8 << 20);
  REQUIRE((plain && longer));
  CHECK(longer->records == plain->records);
  CHECK(longer->room == plain->room + 4096);
}
