// Memory of a process that is read by whole pages.
#include "os/memory/cached_pages.hpp"

#include <algorithm>
#include <vector>

#include "support/catch.hpp"
#include "support/scripted_stop.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

TEST_CASE("pages are as they were when they were first read") {
  StoppedTask stopped;
  std::vector<std::byte> code(2 * kPage);
  for (std::size_t i = 0; i < code.size(); ++i) code[i] = static_cast<std::byte>(i * 7);
  constexpr std::uint64_t kPlace = 0x10'0000;
  stopped.task.memory->regions[kPlace] = code;
  CachedPages pages(stopped.task.tid);
  std::vector<std::byte> read(64);
  REQUIRE(pages.read(kPlace + kPage - 32, read) == read.size());
  CHECK(std::equal(read.begin(), read.end(), code.begin() + kPage - 32));

  stopped.task.memory->write(kPlace + 8, std::vector(4, std::byte{0xff}));
  CHECK(pages.object<std::byte>(kPlace + 8) == code[8]);

  // Where the memory ends, and where there is none.
  CHECK(pages.read(kPlace + code.size() - 16, read) == 16);
  CHECK(pages.read(kPlace + code.size(), read) == 0);
  CHECK(pages.read(0x20, read) == 0);
}

TEST_CASE("pages are written when they are flushed, those that have changed") {
  StoppedTask stopped;
  constexpr std::uint64_t kPlace = 0x10'0000;
  auto& memory = stopped.task.memory->regions[kPlace];
  memory.resize(3 * kPage, std::byte{1});
  CachedPages pages(stopped.task.tid);
  const std::vector bytes(8, std::byte{7});
  REQUIRE(pages.write(kPlace + kPage - 4, bytes));
  CHECK(pages.object<std::byte>(kPlace + kPage) == std::byte{7});
  CHECK(std::ranges::count(memory, std::byte{7}) == 0);
  REQUIRE(pages.object<std::byte>(kPlace + 2 * kPage) == std::byte{1});
  memory[2 * kPage] = std::byte{9};
  REQUIRE(pages.flush());
  CHECK(std::ranges::count(memory, std::byte{7}) == 8);
  CHECK(memory[kPage - 4] == std::byte{7});
  CHECK(memory[2 * kPage] == std::byte{9});
  CHECK_FALSE(pages.write(kPlace + memory.size() - 4, bytes));
}
