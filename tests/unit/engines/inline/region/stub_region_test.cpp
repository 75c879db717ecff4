// Who has which part of the memory that stubs write, and that nothing of it gets lost.
#include <algorithm>
#include <map>
#include <vector>

#include "support/emulated_stubs.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

/// Thread pointers whose search in the index begins at the same slot.
std::vector<std::uint64_t> colliding_pointers(std::size_t count) {
  const auto hash = [](std::uint64_t pointer) {
    return static_cast<std::uint32_t>(pointer * HASH_FACTOR) >> HASH_SHIFT;
  };
  std::vector<std::uint64_t> found;
  constexpr std::uint64_t kFirst = 0x7f00'0000'0740;
  for (std::uint64_t pointer = kFirst; found.size() < count; pointer += 64) {
    if (hash(pointer) == hash(kFirst)) found.push_back(pointer);
  }
  return found;
}

void call_as(std::uint64_t pointer, Shared& shared, const Observed& call, std::uint64_t argument) {
  EmulatedThread thread(pointer);
  thread(shared, call, {argument, 0, 0});
}

Observed recording(Shared& shared) {
  return {open_stub(shared.address(), StubShape::clocked), kReturnZero, close_stub(StubKind::close, shared.address())};
}

TEST_CASE("the region grows as threads come, and gives each a block", "[stub_region]") {
  const std::optional<RecordSize> size = GENERATE(std::optional<RecordSize>(), std::optional(RecordSize::values));
  Shared shared(size);
  StubRegion& region = *shared.region;
  CHECK(region.bytes() == StubRegion::first_bytes(size));
  CHECK(region.bytes() < 1'000'000);
  constexpr std::uint64_t kThreads = 700;
  const Observed call(count_stub(shared.address(), StubShape::plain), kReturnZero);
  EmulatedThread first(0x10'0000), last(0x10'0000 + (kThreads - 1) * 4096);
  for (std::uint64_t i = 0; i < kThreads; ++i) {
    const std::size_t before = region.bytes();
    if (region.blocks().is_full()) {
      const std::size_t wanted = region.blocks().bytes_wanted();
      REQUIRE(wanted > before);
      region.blocks().grow(wanted);
      CHECK(region.bytes() == wanted);
    }
    CHECK_FALSE(region.blocks().is_full());
    region.blocks().bind(first.pointer() + i * 4096, ::gettid());
    CHECK(region.rings().count() == i + 1);
  }
  std::map<std::uint64_t, std::uint64_t> blocks;
  for (std::uint64_t i = 0; i < kThreads; ++i) {
    const std::size_t block = shared.block_of(first.pointer() + i * 4096);
    REQUIRE(block != REGION_SHARED);
    CHECK(block + BLOCK_BYTES <= region.bytes());
    const std::uint64_t ring_end = size ? shared.at<std::uint64_t>(block + BLOCK_RING) - shared.address() +
                                              shared.room_of(block) * shared.at<std::uint32_t>(block + BLOCK_STRIDE)
                                        : block + BLOCK_BYTES;
    CHECK(ring_end <= region.bytes());
    blocks[block] = ring_end;
  }
  CHECK(blocks.size() == kThreads);
  for (auto one = blocks.begin(), next = std::next(one); next != blocks.end(); ++one, ++next)
    CHECK(one->second <= next->first);
  for (int i = 0; i < 5; ++i) last(shared, call, {0, 0, 0});
  first(shared, call, {0, 0, 0});
  const auto counts = region.counts(0, false);
  REQUIRE(counts.size() == 1);
  CHECK(counts[0].entries == 6);
  CHECK(shared.at<std::uint64_t>(REGION_SHARED + BLOCK_ROWS) == 0);
}

TEST_CASE("the region grows at once for as many threads as are expected", "[stub_region]") {
  Shared shared(RecordSize::values);
  StubBlocks& blocks = shared.region->blocks();
  constexpr std::uint64_t kThreads = 50;
  blocks.grow(blocks.bytes_wanted(kThreads));
  for (std::uint64_t i = 0; i < kThreads; ++i) {
    CHECK_FALSE(blocks.is_full());
    blocks.bind(0x10'0000 + i * 4096, ::gettid());
  }
}

TEST_CASE("the region does not grow beyond the memory that there is", "[stub_region]") {
  Shared shared(RecordSize::values);
  StubRegion& region = *shared.region;
  std::size_t rounds = 0;
  for (std::size_t wanted = region.blocks().bytes_wanted(); wanted != region.bytes() && rounds < 100;
       wanted = region.blocks().bytes_wanted(), ++rounds) {
    REQUIRE(wanted > region.bytes());
    REQUIRE(wanted <= Shared::kMost);
    region.blocks().grow(wanted);
  }
  CHECK(rounds > 3);
  CHECK(rounds < 100);
  const std::size_t whole = region.bytes();
  region.blocks().grow(std::size_t{1} << 40);
  CHECK(region.bytes() <= Shared::kMost);
  CHECK(region.bytes() >= whole);
}

TEST_CASE("threads that find no slot in the index share, and lose nothing", "[stub_region]") {
  Shared shared(RecordSize::line);
  StubRegion& region = *shared.region;
  shared.make_room(INDEX_PROBES);
  const auto pointers = colliding_pointers(INDEX_PROBES + 3);
  for (const std::uint64_t pointer : pointers) region.blocks().bind(pointer, ::gettid());
  CHECK(region.rings().count() == INDEX_PROBES);
  const Observed call = recording(shared);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < pointers.size(); ++i) call_as(pointers[i], shared, call, i);
    std::map<std::uint64_t, std::uint64_t> arguments;
    const auto lost = region.rings().drain(false, [&](const StubRecord& record, const StackWindow&) {
      CHECK(arguments.emplace(record.key, record.arg0).second);
    });
    CHECK(lost == 0);
    REQUIRE(arguments.size() == pointers.size());
    for (std::size_t i = 0; i < pointers.size(); ++i) CHECK(arguments[pointers[i] + 1] == i);
    // Who comes when another is gone gets its slot; who is behind a free slot is still found.
    if (round == 0) {
      region.blocks().unbind(pointers[0]);
      region.blocks().bind(pointers.back(), ::gettid());
      CHECK(region.rings().count() == INDEX_PROBES);
      CHECK(shared.block_of(pointers.back()) != REGION_SHARED);
      region.blocks().unbind(pointers[1]);
      CHECK(region.rings().count() == INDEX_PROBES - 1);
    }
  }
}

TEST_CASE("what a thread leaves behind is its own, and its block nobody's until that is taken", "[stub_region]") {
  Shared shared(RecordSize::line);
  StubRegion& region = *shared.region;
  shared.make_room(4);
  const Observed call = recording(shared);
  constexpr std::uint64_t kOld = 0x10000, kNew = 0x20000;
  region.blocks().bind(kOld, ::gettid());
  const std::size_t block = shared.block_of(kOld);
  for (std::uint64_t i = 0; i < 3; ++i) call_as(kOld, shared, call, i);
  region.blocks().unbind(kOld);
  CHECK(shared.block_of(kOld) == REGION_SHARED);
  CHECK(region.rings().count() == 1);
  // A new thread gets another block, even one with the same pointer.
  region.blocks().bind(kOld, ::gettid());
  CHECK(shared.block_of(kOld) != block);
  region.blocks().bind(kNew, ::gettid());
  CHECK(shared.block_of(kNew) != block);
  call_as(kNew, shared, call, 7);
  const auto records = drained(shared);
  REQUIRE(records.size() == 4);
  for (std::size_t i = 0; i < 3; ++i) CHECK((records[i].key == kOld + 1 && records[i].arg0 == i));
  CHECK((records[3].key == kNew + 1 && records[3].arg0 == 7));
  // Now it is free; what lies in its ring is not taken for the next thread's.
  CHECK(region.rings().count() == 2);
  constexpr std::uint64_t kNext = 0x30000;
  region.blocks().bind(kNext, ::gettid());
  CHECK(shared.block_of(kNext) == block);
  CHECK(drained(shared).empty());
  call_as(kNext, shared, call, 9);
  const auto next = drained(shared);
  REQUIRE(next.size() == 1);
  CHECK((next[0].key == kNext + 1 && next[0].arg0 == 9));
  // The counts of all who ever had it are in the sums.
  REQUIRE(region.counts(0, false).size() == 1);
  std::uint64_t entries = 0;
  for (const StubCount& count : region.counts(0, true)) entries += count.entries;
  CHECK(entries == 5);
}

TEST_CASE("a ring is another thread's from where it has been taken on", "[stub_region]") {
  Shared shared(RecordSize::values);
  StubRegion& region = *shared.region;
  const Observed call = recording(shared);
  constexpr std::uint64_t kPointer = 0x10000;
  constexpr pid_t kCreator = 101, kChild = 102;
  CHECK(region.blocks().writer(kPointer) == 0);
  region.blocks().bind(kPointer, kCreator);
  call_as(kPointer, shared, call, 1);
  CHECK_FALSE(region.has_ring(kPointer));
  CHECK(drained(shared).at(0).tid == kCreator);
  CHECK(region.has_ring(kPointer));
  region.blocks().hand_over(kPointer, kChild);
  CHECK(region.blocks().writer(kPointer) == kChild);
  call_as(kPointer, shared, call, 2);
  // It ends with a record that it has begun only.
  const std::size_t head = shared.block_of(kPointer) + BLOCK_HEAD;
  shared.at<std::uint64_t>(head) += 1;
  region.blocks().end_writing(kPointer, kCreator);
  CHECK(drained(shared).at(0).tid == kChild);
  CHECK_FALSE(region.has_ring(kPointer));
  region.blocks().end_writing(kPointer, kChild);
  CHECK(drained(shared).empty());
  CHECK(region.has_ring(kPointer));
  region.blocks().hand_over(kPointer, kCreator);
  call_as(kPointer, shared, call, 3);
  const auto records = drained(shared);
  REQUIRE(records.size() == 1);
  CHECK((records[0].tid == kCreator && records[0].arg0 == 3));
  // The end of the child is nothing to it.
  region.blocks().end(kPointer, kChild);
  CHECK(region.blocks().writer(kPointer) == kCreator);
  region.blocks().end(kPointer, kCreator);
  CHECK(region.rings().count() == 0);
}

TEST_CASE("a ring that is nobody's any more is kept until its thread has ended", "[stub_region]") {
  Shared shared(RecordSize::values);
  StubRegion& region = *shared.region;
  shared.make_room(3);
  const Observed call = recording(shared);
  constexpr std::uint64_t kPointer = 0x10000, kNext = 0x20000;
  constexpr pid_t kTid = 101;
  region.blocks().bind(kPointer, kTid);
  const std::size_t block = shared.block_of(kPointer);
  region.blocks().retire(kPointer);
  CHECK(shared.block_of(kPointer) == REGION_SHARED);
  CHECK(drained(shared).empty());
  CHECK(region.rings().count() == 1);
  region.blocks().bind(kNext, kTid + 1);
  CHECK(shared.block_of(kNext) != block);
  region.blocks().end(kPointer, kTid);
  CHECK(region.rings().count() == 1);
  region.blocks().bind(kPointer, kTid + 2);
  CHECK(shared.block_of(kPointer) == block);
}

TEST_CASE("a pointer is bound once, and a block is free at once if nothing is in its ring", "[stub_region]") {
  Shared shared(RecordSize::line);
  StubRegion& region = *shared.region;
  region.blocks().bind(0x10000, ::gettid());
  region.blocks().bind(0x10000, ::gettid());
  CHECK(region.rings().count() == 1);
  region.blocks().unbind(0x20000);
  CHECK(region.rings().count() == 1);
  region.blocks().unbind(0x10000);
  CHECK(region.rings().count() == 0);
  for (std::uint64_t i = 1; !region.blocks().is_full(); ++i) region.blocks().bind(i * 4096, ::gettid());
  const std::size_t full = region.rings().count();
  region.blocks().bind(0x4000'0000, ::gettid());
  CHECK(region.rings().count() == full);
  CHECK(shared.block_of(0x4000'0000) == REGION_SHARED);
}

TEST_CASE("one thread's records can be taken alone", "[stub_region]") {
  Shared shared(RecordSize::line);
  StubRegion& region = *shared.region;
  shared.make_room(2);
  const Observed call = recording(shared);
  region.blocks().bind(0x10000, ::gettid());
  region.blocks().bind(0x20000, ::gettid());
  for (const std::uint64_t pointer : {0x10000, 0x20000, 0x30000}) call_as(pointer, shared, call, pointer);
  std::vector<std::uint64_t> taken;
  const auto take = [&](const StubRecord& record, const StackWindow&) { taken.push_back(record.arg0); };
  CHECK(region.rings().drain_of(0x20000, take) == 0);
  CHECK(taken == std::vector<std::uint64_t>{0x30000, 0x20000});
  CHECK(region.rings().drain(false, take) == 0);
  CHECK(taken.back() == 0x10000);
  CHECK(taken.size() == 3);
}

TEST_CASE("a thread that waits for room has left what it began before", "[stub_region]") {
  Shared shared(RecordSize::line);
  shared.make_room(1);
  const Observed call = recording(shared);
  constexpr std::uint64_t kPointer = 0x10000;
  shared.region->blocks().bind(kPointer, ::gettid());
  const std::size_t block = shared.block_of(kPointer);
  const std::uint64_t room = std::uint64_t{shared.at<std::uint32_t>(block + BLOCK_LAST)} + 1;
  std::uint64_t taken = 0;
  const auto drain = [&] {
    return shared.region->rings().drain(false, [&](const StubRecord&, const StackWindow&) { ++taken; });
  };
  const auto begin = [&] { shared.at<std::uint64_t>(block + BLOCK_HEAD) += 1; };
  for (std::uint64_t i = 0; i < room; ++i) call_as(kPointer, shared, call, i);
  begin();  // and waits in vain
  CHECK(drain() == 0);
  CHECK(taken == room);
  for (std::uint64_t i = 1; i < room; ++i) call_as(kPointer, shared, call, i);
  CHECK(drain() == 0);
  CHECK(taken == room);  // it could be that it still writes it
  begin();
  CHECK(drain() == 0);
  CHECK(taken == 2 * room - 1);
}

TEST_CASE("while records are taken, there are signs of life", "[stub_region]") {
  Shared shared(RecordSize::line);
  shared.make_room(3);
  const Observed call = recording(shared);
  constexpr std::uint64_t kPointers[] = {0x10000, 0x20000, 0x30000};
  for (const std::uint64_t pointer : kPointers) {
    shared.region->blocks().bind(pointer, ::gettid());
    for (std::uint64_t i = 0; i < 200; ++i) call_as(pointer, shared, call, i);
  }
  // At each record taken: those who wait for room see it move on with every ring, and within one.
  std::map<std::uint64_t, std::vector<std::uint64_t>> beats;  // by key
  const std::uint64_t before = shared.at<std::uint64_t>(REGION_HEARTBEAT);
  shared.region->rings().drain(false, [&](const StubRecord& record, const StackWindow&) {
    beats[record.key].push_back(shared.at<std::uint64_t>(REGION_HEARTBEAT));
  });
  std::uint64_t last = before;
  for (const std::uint64_t pointer : kPointers) {
    const auto& ring = beats[pointer + 1];
    REQUIRE(ring.size() == 200);
    CHECK(ring.front() > last);
    CHECK(ring.back() >= ring.front() + 3);
    last = ring.back();
  }
}

TEST_CASE("only what lies in the region and is aligned is shared", "[stub_region]") {
  Shared shared;
  const StubRegion& region = *shared.region;
  const std::uint64_t end = region.address() + region.bytes();
  CHECK(region.shared(region.address(), 8) != nullptr);
  CHECK(region.shared(end - 8, 8) != nullptr);
  for (const std::uint64_t outside : {region.address() - 8, end, end - 4, region.address() + 4})
    CHECK(region.shared(outside, 8) == nullptr);
  CHECK(region.shared(region.address(), 0) == nullptr);
}

}  // namespace
}  // namespace vdsotrace
