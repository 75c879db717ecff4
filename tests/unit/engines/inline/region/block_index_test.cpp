#include "engines/inline/region/block_index.hpp"

#include "arch/stub_layout.h"
#include "support/own_stubs.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

/// An index in memory of which nothing else is used.
struct Indexed {
  Indexed() {
    auto own = SharedMemory::of_descriptor(::getpid(), fd, kBytes, kBytes);
    REQUIRE(own);
    memory.emplace(std::move(*own), kAddress);
    index.emplace(*memory);
  }
  ~Indexed() { ::close(fd); }
  std::uint64_t key_at(std::size_t slot) const { return memory->load<std::uint64_t>(slot + SLOT_KEY); }
  std::uint64_t block_at(std::size_t slot) const { return memory->load<std::uint64_t>(slot + SLOT_BLOCK); }

  static constexpr std::size_t kBytes = REGION_GROWS + 4096;
  static constexpr std::uint64_t kAddress = 0x7000'0000;
  int fd = static_cast<int>(::syscall(SYS_memfd_create, "index", MFD_ALLOW_SEALING));
  std::optional<RegionMemory> memory;
  std::optional<BlockIndex> index;
};

constexpr std::uint64_t kIndexed = 0x7f00'0000'0740;

}  // namespace

TEST_CASE("a thread pointer leads to its block, for us and in the memory, until it is erased") {
  Indexed indexed;
  BlockIndex& index = *indexed.index;
  CHECK(index.find(kIndexed) == std::nullopt);
  const auto slot = index.free_slot(kIndexed);
  REQUIRE(slot);
  index.insert(kIndexed, *slot, 3, 0x2000);
  CHECK(index.find(kIndexed) == 3u);
  CHECK(indexed.key_at(*slot) == kIndexed + 1);
  CHECK(indexed.block_at(*slot) == Indexed::kAddress + 0x2000);
  CHECK(index.free_slot(kIndexed) == std::nullopt);
  CHECK(index.erase(kIndexed) == 3u);
  CHECK(index.erase(kIndexed) == std::nullopt);
  CHECK(indexed.key_at(*slot) == 0);
  CHECK(index.free_slot(kIndexed) == slot);
}

TEST_CASE("a pointer for which stubs would look too long has no slot") {
  Indexed indexed;
  BlockIndex& index = *indexed.index;
  const auto hash = [](std::uint64_t pointer) {
    return static_cast<std::uint32_t>(pointer * HASH_FACTOR) >> HASH_SHIFT;
  };
  std::size_t inserted = 0;
  std::uint64_t pointer = kIndexed;
  for (; inserted <= INDEX_PROBES; pointer += 64) {
    if (hash(pointer) != hash(kIndexed)) continue;
    const auto slot = index.free_slot(pointer);
    if (!slot) break;
    index.insert(pointer, *slot, inserted++, 0);
  }
  CHECK(inserted == INDEX_PROBES);
  CHECK(index.find(pointer) == std::nullopt);
  index.erase(kIndexed);
  CHECK(index.free_slot(pointer));
}
